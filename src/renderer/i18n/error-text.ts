import { errorFacts, isErrorCode } from '../../shared/errors.ts';
import { esErrors } from '../../shared/es-errors.ts';
import { quoted } from '../../shared/quoted.ts';
import type { ShownReport } from '../state/engine-context.ts';
import type { Language } from '../preferences/preferences.ts';
import { enPageSteps } from './en.ts';
import { spanishDetail } from './es-details.ts';

export interface ErrorWords {
  readonly message: string;
  readonly nextStep: string;
}

const pageSteps: Readonly<Record<string, string>> = enPageSteps;

/**
 * A report in the reader's language. The detail (a host, a port, a place) is kept behind the translated message, in
 * Spanish too where it is a sentence that is known;
 * a code this page does not know keeps the engine's own words, and so does a step the engine made more exact.
 */
export function errorText(report: ShownReport, language: Language): ErrorWords {
  const { message, nextStep } = wordsOf(report, language);
  return { message: quoted(message, language), nextStep: quoted(nextStep, language) };
}

function wordsOf(report: ShownReport, language: Language): ErrorWords {
  if (!isErrorCode(report.code)) return { message: report.message, nextStep: report.nextStep };
  const facts = errorFacts[report.code];
  const usualStep = report.nextStep === facts.nextStep;
  const translated = language === 'es' ? esErrors[report.code] : undefined;
  if (translated === undefined) {
    const ownStep = usualStep ? pageSteps[report.code] : undefined;
    return { message: report.message, nextStep: ownStep ?? report.nextStep };
  }
  const detail = report.message.startsWith(facts.message) ? report.message.slice(facts.message.length) : '';
  return {
    message: translated.message + (detail.startsWith(': ') ? `: ${spanishDetail(detail.slice(2))}` : detail),
    nextStep: usualStep ? translated.nextStep : report.nextStep,
  };
}
