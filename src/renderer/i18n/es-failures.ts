/** Spanish of the failures' next steps, of what is over, and of the diagnostics bundle. */
import type { Translated } from './translated.ts';
import type { enDiagnostics, enFailureSteps } from './en-failures.ts';

export const esFailureSteps: Translated<typeof enFailureSteps> = {
  devices: 'Ver el equipo',
  setting: 'Abrir el ajuste',
  destinations: 'Ver el almacenamiento',
  keys: 'Abrir claves y recuperación',
  verify: 'Comprobar las copias',
  shares: 'Ver lo compartido',
  disk: 'Ver el disco',
  resume: 'Seguir ya con las subidas',
  resumed: 'Las subidas continúan.',
  command: 'En la línea de comandos de este PC:',
  byItself: 'No hay nada que hacer aquí: continúa solo.',
  atDevice: 'No hay nada que hacer aquí: se arregla en el equipo.',
  elsewhere: 'No hay nada que hacer aquí: se arregla fuera de este programa.',
  toldEmail: 'Avisado por correo {{time}}',
  toldWebhook: 'Avisado por webhook {{time}}',
  over: 'Ya resuelto',
  overText: 'Terminó durante el último día, sin que nadie tenga que recordarlo.',
  overAt: 'Terminó {{time}}',
};

export const esDiagnostics: Translated<typeof enDiagnostics> = {
  open: 'Diagnóstico para asistencia',
  title: 'Diagnóstico para asistencia',
  intro:
    'Nada sale de este PC por sí solo. Esto es todo lo que contendrá el archivo: léalo, guárdelo y envíelo a quien le ayude.',
  without:
    'No contiene nombres de pacientes, equipos, almacenamientos ni personas, ni identificadores, direcciones, carpetas o secretos.',
  loading: 'Preparando el diagnóstico.',
  preview: 'Lo que se guardará',
  size: '{{size}}, se guarda exactamente como se ve aquí',
  save: 'Guardar el archivo',
  saved: 'Guardado en las descargas como {{name}}.',
  close: 'Cerrar',
};
