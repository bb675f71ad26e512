/**
 * What stands behind the message of an error, in Spanish: the engine's details that are sentences. Names, addresses and
 * numbers are the same in every language, and what is not in this list stays as it came.
 */
const details: readonly (readonly [RegExp, (...parts: readonly string[]) => string])[] = [
  [
    /^it is (\d+) (minutes|hours|days) (ahead|behind)$/,
    (count = '', unit = '', side = '') =>
      `está ${count} ${units[unit] ?? unit} ${side === 'ahead' ? 'adelantado' : 'atrasado'}`,
  ],
  [/^(\S{1,255}) did not answer in time$/, (host = '') => `${host} no respondió a tiempo`],
  [/^no answer within (\d+) seconds$/, (count = '') => `sin respuesta en ${count} segundos`],
  [
    /^something other than the cloud answered for (\S{1,255}) \(status (\d{3})\)$/,
    (host = '', status = '') => `algo que no es la nube respondió por ${host} (estado ${status})`,
  ],
  [/^(.{1,64}) at ([0-9a-fA-F.:]{3,45})$/, (title = '', address = '') => `${title} en ${address}`],
  [
    /^(.{1,4096}: )?line (\d+)(?:, column (\d+))?$/,
    (file = '', line = '', column = '') =>
      `${file}línea ${line}${column === '' ? '' : `, columna ${column}`}`,
  ],
  [
    /^(.{1,4096}: )?the JSON ends too early or is empty$/,
    (file = '') => `${file}el JSON termina demasiado pronto o está vacío`,
  ],
  [/^the folder does not answer$/, () => 'la carpeta no responde'],
  [
    /^the folder holds nothing: is the share connected\?$/,
    () => 'la carpeta está vacía: ¿está conectado el recurso compartido?',
  ],
  [
    /^the folder is not there: is the share connected\?$/,
    () => 'la carpeta no está: ¿está conectado el recurso compartido?',
  ],
  [
    /^another folder lies there now: is the share connected\?$/,
    () => 'ahora hay otra carpeta allí: ¿está conectado el recurso compartido?',
  ],
  [/^the path is no folder$/, () => 'la ruta no es una carpeta'],
  [/^the answer was cut short$/, () => 'la respuesta llegó cortada'],
  [/^the test object came back changed$/, () => 'el objeto de prueba volvió cambiado'],
  [/^it took too long$/, () => 'tardó demasiado'],
  [/^it is too long$/, () => 'es demasiado larga'],
];

const units: Readonly<Record<string, string>> = { minutes: 'minutos', hours: 'horas', days: 'días' };

/** `detail` as the engine gives it, without what joins it to its message. */
export function spanishDetail(detail: string): string {
  for (const [pattern, say] of details) {
    const found = pattern.exec(detail);
    if (found !== null) return say(...found.slice(1));
  }
  return detail;
}
