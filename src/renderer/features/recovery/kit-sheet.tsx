import { useRef, useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { PrinterIcon, TriangleAlert } from '../../ui/icons.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { KitFrame } from './kit-frame.tsx';

/** One thing to put on paper: the 24 words, or one share. */
export interface KitPart {
  readonly words: readonly string[];
  readonly kitHtml?: string | undefined;
  /** Base64. */
  readonly kitPdf?: string | undefined;
  readonly fileName: string;
}

/** Words to write down, and the pages to print or to save. */
export function KitSheet({ part }: { readonly part: KitPart }): ReactElement {
  const { t } = useTranslation();
  const frame = useRef<HTMLIFrameElement>(null);
  const [saved, setSaved] = useState(false);
  const { words, kitHtml, kitPdf, fileName } = part;
  return (
    <div className="kit">
      <ol className="kit-words" translate="no">
        {words.map((word, index) => (
          <li key={index}>
            <span className="kit-number">{index + 1}</span>
            <span className="kit-word">{word}</span>
          </li>
        ))}
      </ol>
      {kitHtml === undefined ? null : (
        <>
          <h3 className="kit-pages no-print">{t('create.pages')}</h3>
          <KitFrame html={kitHtml} title={t('create.pages')} frame={frame} />
        </>
      )}
      <div className="kit-paper no-print">
        {kitHtml === undefined ? null : (
          <Button look="primary" autoFocus onPress={() => frame.current?.contentWindow?.print()}>
            <PrinterIcon />
            {t('create.print')}
          </Button>
        )}
        {kitPdf === undefined ? null : (
          <Button
            onPress={() => {
              saveFile(bytesOf(kitPdf), fileName, 'application/pdf');
              setSaved(true);
            }}
          >
            {t('create.savePdf')}
          </Button>
        )}
      </div>
      {kitPdf === undefined ? null : saved ? (
        <div className="note no-print" data-tone="attention" role="status">
          <TriangleAlert />
          <p>{t('create.pdfSaved', { file: fileName })}</p>
        </div>
      ) : (
        <p className="muted no-print">{t('create.pdfWarning')}</p>
      )}
    </div>
  );
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
