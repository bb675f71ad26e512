/** The shell's own words, in every language of the app. No patient data ever goes into one. */
import { errorFacts, type ErrorCode } from '../../../shared/errors.ts';
import { esErrors } from '../../../shared/es-errors.ts';
import { quoted } from '../../../shared/quoted.ts';
import type { Headline } from '../../../shared/status.ts';
import type { PathDialogTexts } from '../page/path-dialogs.ts';

export interface FailureWords {
  readonly message: string;
  readonly nextStep: string;
}

export interface ShellTexts {
  readonly headlines: Readonly<Record<Headline, string>>;
  /** Of a failure: what, and the next step. */
  readonly failure: (code: ErrorCode) => FailureWords;
  readonly starting: string;
  /** For the tray's tooltip and menu, behind the headline. */
  readonly onTheWay: (count: number) => string;
  readonly needAttention: (count: number) => string;
  readonly open: string;
  readonly retryAll: string;
  readonly startEngineNow: string;
  readonly pauseUploads: string;
  readonly pauseHalfHour: string;
  readonly pauseHour: string;
  readonly pauseUntilTomorrow: string;
  readonly resumeUploads: string;
  readonly startAtLogin: string;
  readonly quit: string;
  /** Where the engine is somebody else's: what quitting does, and what it does not. */
  readonly attached: string;
  readonly quitAttached: string;
  readonly over: string;
  readonly quitQuestion: (count: number) => string;
  readonly quitDetail: string;
  readonly keepRunning: string;
  readonly quitAnyway: string;
  readonly pageFailed: string;
  readonly saveFailed: string;
  readonly saveFailedDetail: string;
  readonly pathDialogs: PathDialogTexts;
  readonly menus: Readonly<Record<'file' | 'edit' | 'view', string>>;
  readonly hide: string;
}

const english: ShellTexts = {
  headlines: {
    'all-safe': 'All safe',
    working: 'Working',
    attention: 'Needs attention',
    'not-receiving': 'Not receiving',
  },
  failure: (code) => inQuotes(errorFacts[code], 'en'),
  starting: 'Starting',
  onTheWay: (count) => (count === 1 ? '1 image on the way' : `${count} images on the way`),
  needAttention: (count) => (count === 1 ? '1 matter to look at' : `${count} matters to look at`),
  open: 'Open Edge Sync',
  retryAll: 'Try everything again',
  startEngineNow: 'Start receiving now',
  pauseUploads: 'Pause uploads (receiving goes on)',
  pauseHalfHour: '30 minutes',
  pauseHour: '1 hour',
  pauseUntilTomorrow: 'Until tomorrow, 6:00',
  resumeUploads: 'Go on with uploads',
  startAtLogin: 'Start when I sign in',
  quit: 'Quit Edge Sync',
  attached: 'Connected to the Edge Sync service of this PC',
  quitAttached: 'Quit this app (the service goes on receiving)',
  over: 'This is over:',
  quitQuestion: (count) =>
    count === 1
      ? '1 image is still on the way to the cloud'
      : `${count} images are still on the way to the cloud`,
  quitDetail:
    'They are safe on this PC, encrypted, and go on when Edge Sync starts again. Until then no device can send images to this PC.',
  keepRunning: 'Keep running',
  quitAnyway: 'Quit anyway',
  pageFailed: 'The window had a problem and was loaded again',
  saveFailed: 'The file was not saved',
  saveFailedDetail: 'Save it again in another folder, or free some space there.',
  pathDialogs: {
    titles: {
      'import-file': 'Choose a file to import',
      'import-folder': 'Choose a folder to import, with everything in it',
      restore: 'Choose the folder for the restored images',
      watch: 'Choose the folder to watch',
      destination: 'Choose the folder or share for the encrypted copies',
      certificate: 'Choose the file with the certificates (PEM)',
      'proxy-script': 'Choose the script that chooses the proxy (PAC)',
    },
    choose: 'Choose',
  },
  menus: { file: 'File', edit: 'Edit', view: 'View' },
  hide: 'Close window',
};

const spanish: ShellTexts = {
  headlines: {
    'all-safe': 'Todo a salvo',
    working: 'En curso',
    attention: 'Requiere atención',
    'not-receiving': 'No se recibe',
  },
  failure: (code) => inQuotes(esErrors[code] ?? errorFacts[code], 'es'),
  starting: 'Iniciando',
  onTheWay: (count) => (count === 1 ? '1 imagen en camino' : `${count} imágenes en camino`),
  needAttention: (count) => (count === 1 ? '1 asunto por revisar' : `${count} asuntos por revisar`),
  open: 'Abrir Edge Sync',
  retryAll: 'Reintentar todo',
  startEngineNow: 'Empezar a recibir ahora',
  pauseUploads: 'Pausar las subidas (la recepción sigue)',
  pauseHalfHour: '30 minutos',
  pauseHour: '1 hora',
  pauseUntilTomorrow: 'Hasta mañana, a las 6:00',
  resumeUploads: 'Seguir con las subidas',
  startAtLogin: 'Iniciar al iniciar sesión',
  quit: 'Salir de Edge Sync',
  attached: 'Conectado al servicio Edge Sync de este equipo',
  quitAttached: 'Salir de esta app (el servicio sigue recibiendo)',
  over: 'Esto ya pasó:',
  quitQuestion: (count) =>
    count === 1 ? '1 imagen está aún en camino a la nube' : `${count} imágenes están aún en camino a la nube`,
  quitDetail:
    'Están a salvo en este equipo, cifradas, y continúan cuando Edge Sync se inicie de nuevo. Hasta entonces ningún dispositivo puede enviar imágenes a este equipo.',
  keepRunning: 'Seguir en marcha',
  quitAnyway: 'Salir de todos modos',
  pageFailed: 'La ventana tuvo un problema y se cargó de nuevo',
  saveFailed: 'El archivo no se guardó',
  saveFailedDetail: 'Guárdelo de nuevo en otra carpeta, o libere espacio en esa.',
  pathDialogs: {
    titles: {
      'import-file': 'Elija un archivo para importar',
      'import-folder': 'Elija una carpeta para importar, con todo lo que contiene',
      restore: 'Elija la carpeta para las imágenes restauradas',
      watch: 'Elija la carpeta que se vigilará',
      destination: 'Elija la carpeta o el recurso compartido para las copias cifradas',
      certificate: 'Elija el archivo con los certificados (PEM)',
      'proxy-script': 'Elija el script que elige el proxy (PAC)',
    },
    choose: 'Elegir',
  },
  menus: { file: 'Archivo', edit: 'Edición', view: 'Ver' },
  hide: 'Cerrar ventana',
};

/** @param locale BCP 47, such as es-MX; English where there is no catalogue. */
export function textsFor(locale: string): ShellTexts {
  return locale.toLowerCase().split('-')[0] === 'es' ? spanish : english;
}

function inQuotes({ message, nextStep }: FailureWords, language: 'en' | 'es'): FailureWords {
  return { message: quoted(message, language), nextStep: quoted(nextStep, language) };
}
