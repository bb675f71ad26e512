/** One line that is rewritten on a terminal; on anything else a plain line for each change worth a line. */

export interface ProgressLine {
  /** Where there is no terminal, `line` is printed only when `milestone` has changed. */
  update(line: string, milestone: string): void;
  /** Leaves the line standing and goes on below it. */
  end(): void;
}

export function createProgressLine(
  terminal: { readonly isTTY?: boolean; write(text: string): unknown },
  print: (line: string) => void,
): ProgressLine {
  let last = '';
  if (terminal.isTTY === true) {
    return {
      update: (line) => {
        if (line === last) return;
        last = line;
        terminal.write(`\r\x1b[2K${line}`);
      },
      end: () => {
        if (last !== '') terminal.write('\n');
        last = '';
      },
    };
  }
  return {
    update: (line, milestone) => {
      if (milestone === last) return;
      last = milestone;
      print(line);
    },
    end: () => {
      last = '';
    },
  };
}
