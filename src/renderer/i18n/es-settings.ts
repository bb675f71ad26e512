import type { enPause, enSettings } from './en-settings.ts';
import type { Translated } from './translated.ts';

export const esSettings: Translated<typeof enSettings> = {
  loading: 'Consultando la configuración.',
  search: 'Buscar en la configuración',
  searchHelp: 'Una palabra, o un nombre como dicom.port',
  found_one: '1 ajuste encontrado',
  found_many: '{{formatted}} ajustes encontrados',
  found_other: '{{formatted}} ajustes encontrados',
  nothingFound: 'Ningún ajuste tiene eso en su nombre o descripción.',
  clear: 'Borrar la búsqueda',
  file: 'Guardada en {{file}}',
  save: 'Guardar los cambios',
  saveAnyway: 'Guardar de todos modos',
  discard: 'Descartar los cambios',
  unsaved: 'Sin guardar aún',
  saved: 'Guardado y ya en uso.',
  savedWaiting: 'Guardado. Vale tras reiniciar el motor.',
  reset: 'Volver al valor inicial',
  resetLabel: 'Volver al valor inicial: {{name}}',
  notNow: 'Está permitido, pero ahora mismo no funciona:',
  source: {
    default: 'Valor inicial',
    file: 'Cambiado',
    environment: 'Fijado por {{variable}} donde se inicia Edge Sync; solo se puede cambiar allí.',
  },
  preset: 'Valor inicial: {{value}}',
  presetNone: 'Valor inicial: vacío',
  range: '{{least}} a {{most}}',
  atLeast: 'al menos {{least}}',
  longest: 'como máximo {{count}} caracteres',
  restartNote: 'Vale tras reiniciar el motor',
  stillUsed: 'En uso hasta entonces: {{value}}',
  none: 'Ninguno',
  on: 'Activado',
  off: 'Desactivado',
  units: { bytes: 'GB', 'bytes-per-second': 'KB por segundo', days: 'días', minutes: 'minutos' },
  waiting_one: '1 ajuste vale solo tras reiniciar el motor: {{names}}.',
  waiting_many: '{{formatted}} ajustes valen solo tras reiniciar el motor: {{names}}.',
  waiting_other: '{{formatted}} ajustes valen solo tras reiniciar el motor: {{names}}.',
  restart: 'Reiniciar el motor ahora',
  restartMeans:
    'Antes se termina lo que se está recibiendo; tarda unos segundos. No se pierde ninguna imagen.',
  restartByHand: 'Termine Edge Sync e inícielo de nuevo como se inició.',
  restarting: 'El motor se reinicia.',
  undo: 'Deshacer el último cambio',
  undoWhat: 'Último cambio {{when}}: {{names}}',
  undone: 'El último cambio está deshecho.',
  outside: {
    title: 'Otra persona cambió el archivo de configuración',
    text: 'Lo que ve aquí está en uso ahora. Elija antes de cambiar algo.',
    broken: 'El archivo no se puede usar como está ahora:',
    use: 'Usar el archivo',
    putBack: 'Restablecer lo que está en uso',
    used: 'El archivo ya está en uso.',
    restored: 'El archivo está como antes.',
  },
  secret: {
    set: 'Credencial guardada',
    notSet: 'Aún sin credencial',
    unknown: 'El almacén de claves no puede decir si hay una credencial',
    environment: 'Credencial fijada por {{variable}}',
    enter: 'Introducir la credencial',
    replace: 'Introducir otra credencial',
    forget: 'Olvidar la credencial',
    forgotten: 'La credencial está olvidada.',
    proxy: 'Usuario y contraseña del proxy',
    saveFirst: 'Guarde primero; después introduzca la credencial.',
  },
  list: {
    add: 'Añadir',
    addKind: 'Añadir: {{kind}}',
    remove: 'Quitar',
    removeLabel: 'Quitar {{name}}',
    empty: 'No hay ninguno.',
    entry: 'Entrada {{number}}',
    oneEachLine: 'Uno en cada línea',
    optional: 'puede quedar vacío',
  },
  groups: {
    appearance: 'Idioma y apariencia',
    dicom: 'Recepción de los dispositivos',
    destinations: 'Dónde se guardan las imágenes',
    upload: 'Subidas',
    network: 'Conexión a internet',
    folders: 'Carpetas vigiladas',
    disk: 'Disco de este equipo',
    verify: 'Volver a mirar las copias de la nube',
    sharing: 'Compartir estudios',
    status: 'Avisos',
    keys: 'Claves',
    log: 'Registro',
  },
  appearance: {
    text: 'Valen solo para esta ventana y al momento.',
    language: 'Idioma',
    theme: 'Apariencia',
    initials: 'Iniciales',
  },
  label: {
    dicom: {
      host: 'Dirección o interfaz de red',
      port: 'Puerto',
      aeTitle: 'Título AE de este equipo',
      maxAssociations: 'Conexiones a la vez',
      allowLoopback: 'Los programas de este equipo pueden enviar sin emparejarse',
      allowPublicAddress: 'Escuchar incluso en una dirección pública de internet',
      tls: { enabled: 'Conexiones cifradas (TLS)', port: 'Puerto para conexiones cifradas' },
    },
    keys: { store: 'Dónde se guarda la clave del dispositivo' },
    destinations: 'Almacenamientos en la nube, carpetas y PACS',
    network: {
      proxy: {
        mode: 'Proxy',
        address: 'Dirección del proxy',
        pac: 'Script que elige el proxy (PAC)',
        bypass: 'Servidores a los que se llega sin el proxy',
      },
    },
    folders: 'Carpetas en las que se buscan imágenes',
    sharing: {
      kind: 'Tipo de almacenamiento',
      container: 'Contenedor para lo compartido',
      prefix: 'Carpeta dentro del contenedor',
      viewerUrl: 'Dirección de la página del visor',
      practice: 'Nombre de la consulta',
    },
    upload: {
      concurrency: 'Imágenes en camino a la vez',
      maxBytesPerSecond: 'Límite de velocidad de todas las subidas juntas',
      windows: 'Horas del día para las subidas',
      pauseOnMetered: 'Esperar mientras la conexión se paga por datos',
    },
    verify: {
      enabled: 'Volver a mirar las copias de la nube en segundo plano',
      periodDays: 'Cada copia una vez en',
      samplesPerDay: 'Copias al día',
      bytesPerSecond: 'Límite de velocidad de estas descargas',
    },
    disk: {
      refuseBelowBytes: 'Rechazar imágenes nuevas por debajo de',
      warnBelowBytes: 'Hacer sitio y avisar por debajo de',
      keepVerifiedDays: 'Conservar en este equipo las imágenes comprobadas durante',
    },
    status: { pendingMaxMinutes: 'Avisar cuando una imagen espera más de' },
    log: { level: 'Cuánto se registra' },
  },
  help: {
    dicom: {
      host: 'Dónde los dispositivos encuentran este equipo. Con el nombre de una interfaz se sigue su dirección cuando cambia.',
      port: 'El número que se escribe en los dispositivos. 0 elige uno libre.',
      aeTitle: 'El nombre que se escribe en los dispositivos. Los que usan el anterior son rechazados.',
      maxAssociations: 'A partir de este número se pide volver a intentarlo más tarde.',
      allowLoopback: 'Lo necesitan programas de este equipo que envían imágenes, como el de un escáner.',
      allowPublicAddress:
        'Cualquiera en internet podría intentar conectarse. Mientras sea así, queda un aviso.',
      tls: {
        enabled: 'Un segundo puerto para dispositivos que tienen un certificado.',
        port: 'Debe ser distinto del puerto sin cifrar. 0 elige uno libre.',
      },
    },
    keys: {
      store:
        'El llavero de este equipo, o un archivo protegido por una frase de contraseña. Fijo una vez que hay claves.',
    },
    destinations:
      'Una imagen está a salvo cuando todos los obligatorios la han comprobado. Al menos uno debe ser obligatorio. Lo que se cambia se prueba antes de guardarlo.',
    network: {
      proxy: {
        mode: 'Cómo sale este equipo hacia las nubes.',
        address:
          'http://SERVIDOR:PUERTO, https://SERVIDOR:PUERTO o socks5://SERVIDOR:PUERTO, sin usuario ni contraseña.',
        pac: 'Una ruta completa, o una dirección que empieza por http:// o https://.',
        bypass:
          'Un servidor, o .example.org para todos los de ese dominio. A este equipo se llega siempre directamente.',
      },
    },
    folders: 'Se toma cada archivo DICOM que hay en ellas, también en subcarpetas.',
    sharing: {
      kind: 'Por ahora solo hay Azure Blob.',
      container: 'Solo para lo compartido: nunca un contenedor del archivo. Vacío: no se comparten estudios.',
      prefix: 'Letras, cifras, guiones y guiones bajos, separados por barras.',
      viewerUrl: 'Dónde aloja la consulta el visor. Vacío: la página se envía con el enlace.',
      practice: 'Se muestra a quien recibe un estudio.',
    },
    upload: {
      concurrency: 'Como máximo, para cada almacenamiento. Menos cuando la línea es lenta.',
      maxBytesPerSecond: '0: tan rápido como permita la línea.',
      windows: 'Ninguna: se sube a cualquier hora. La recepción nunca se detiene.',
      pauseOnMetered: 'Para una conexión móvil. La recepción sigue.',
    },
    verify: {
      enabled: 'Cada día se descargan, abren y comparan algunas copias.',
      periodDays: 'Cada copia se mira una vez en este tiempo.',
      samplesPerDay: 'Mientras ninguna copia sea antigua.',
      bytesPerSecond: 'Para que no estorbe.',
    },
    disk: {
      refuseBelowBytes: 'Con menos espacio libre se dice a los dispositivos que no hay sitio (A700).',
      warnBelowBytes: 'O tres días de imágenes, si es más. Primero se van las copias comprobadas.',
      keepVerifiedDays: 'Solo como copia local; en la nube se quedan.',
    },
    status: { pendingMaxMinutes: 'El titular dice entonces que algo requiere atención.' },
    log: { level: 'Nunca se registran nombres ni imágenes.' },
  },
  choice: {
    keys: { store: { keychain: 'Llavero de este equipo', passphrase: 'Archivo con frase de contraseña' } },
    network: {
      proxy: {
        mode: {
          none: 'Sin proxy',
          manual: 'Un proxy que se indica aquí',
          pac: 'Como elija un script (PAC)',
          system: 'Como diga el entorno (HTTPS_PROXY)',
        },
      },
    },
    sharing: { kind: { azure: 'Azure Blob' } },
    log: {
      level: {
        debug: 'Todo (para buscar fallos)',
        info: 'Lo que ocurre',
        warn: 'Avisos y errores',
        error: 'Solo errores',
      },
    },
    destinations: {
      auth: {
        'connection-string': 'Cadena de conexión',
        'sas-url': 'Dirección con firma de acceso compartido',
        'service-principal': 'Aplicación registrada en Entra',
        none: 'Ninguna',
        basic: 'Usuario y contraseña',
        bearer: 'Token',
        'client-certificate': 'Certificado de cliente',
      },
      addressing: { virtual: 'BUCKET.SERVIDOR', path: 'SERVIDOR/BUCKET (servidores propios)' },
      checksum: { md5: 'MD5', sha256: 'SHA-256' },
      createOnly: { 'by-service': 'El servicio se niega', 'by-versioning': 'El bucket guarda versiones' },
      proof: { identical: 'Se recupera y se compara', listed: 'El PACS la enumera' },
    },
    folders: { afterImport: { keep: 'Dejar el archivo', delete: 'Borrarlo una vez comprobado' } },
    upload: {
      windows: {
        days: { sun: 'Dom', mon: 'Lun', tue: 'Mar', wed: 'Mié', thu: 'Jue', fri: 'Vie', sat: 'Sáb' },
      },
    },
  },
  kinds: {
    azure: 'Azure Blob',
    s3: 'S3 (AWS y otros)',
    folder: 'Carpeta o unidad de red',
    dicomweb: 'PACS (DICOMweb)',
  },
  item: {
    destinations: {
      name: 'Su nombre para él',
      required: 'Obligatorio: las imágenes están a salvo solo cuando están allí',
      container: 'Contenedor',
      bucket: 'Bucket',
      prefix: 'Carpeta dentro de él',
      maxBytesPerSecond: 'Límite de velocidad',
      auth: 'Forma de acceso',
      endpoint: 'Dirección del servicio',
      tenantId: 'Id. del directorio (inquilino)',
      clientId: 'Id. de la aplicación (cliente)',
      region: 'Región',
      addressing: 'Forma de las direcciones',
      checksum: 'Suma de comprobación',
      createOnly: 'Nada se sobrescribe porque',
      path: 'Carpeta',
      url: 'Dirección del PACS',
      certificateFile: 'Archivo con el certificado de cliente',
      authorityFile: 'Archivo con el certificado de la autoridad',
      proof: 'Prueba de una imagen',
    },
    folders: { path: 'Carpeta', afterImport: 'Después de tomar una imagen' },
    upload: { windows: { days: 'Días', from: 'Desde (HH:MM)', to: 'Hasta (HH:MM)' } },
  },
};

export const esPause: Translated<typeof enPause> = {
  pause: 'Pausar las subidas',
  label: 'Pausar las subidas por un tiempo',
  half: '30 minutos',
  hour: '1 hora',
  tomorrow: 'Hasta mañana, a las 6:00',
  note: 'La recepción sigue.',
  resume: 'Seguir con las subidas',
  until: 'Las subidas están en pausa hasta {{when}}',
  paused: 'Las subidas están en pausa. La recepción sigue.',
  resumed: 'Las subidas siguen.',
};

/**
 * What is wrong with a value, by the schema's own words; what is not here stays in English. `#` stands for what varies.
 */
export const esValueProblems: Readonly<Record<string, string>> = {
  'an AE title has at least 1 character': 'un título AE tiene al menos 1 carácter',
  'an AE title has at most 16 characters': 'un título AE tiene como máximo 16 caracteres',
  'an AE title is printable ASCII without a backslash': 'un título AE es ASCII imprimible sin barra inversa',
  'an AE title has no spaces at its ends': 'un título AE no tiene espacios en los extremos',
  'must be at most #': 'debe ser como máximo #',
  'must be at least #': 'debe ser al menos #',
  'allowed: #': 'permitido: #',
  'expected number, received #': 'debe ser un número',
  'expected int, received #': 'debe ser un número entero',
  'must be an address that starts with https://': 'debe ser una dirección que empiece por https://',
  'an address without ? and #': 'una dirección sin ? ni #',
  'must start with https://: a page that came in clear could have been changed on its way':
    'debe empezar por https://: una página que llegó sin cifrar pudo cambiarse por el camino',
  'listening on all interfaces is not allowed: name one address or interface (`edge-sync devices addresses`)':
    'no se permite escuchar en todas las interfaces: indique una dirección o una interfaz',
  'two destinations share a name': 'dos destinos tienen el mismo nombre',
  'at least one destination must be required': 'al menos un destino debe ser obligatorio',
  'at least one required destination must keep sealed images (azure, s3 or folder): from a PACS alone nothing can be restored':
    'al menos un destino obligatorio debe guardar imágenes selladas (azure, s3 o carpeta): de un PACS solo no se puede restaurar nada',
  'a name is 1 to 32 lower-case letters, digits and dashes, a letter first':
    'un nombre son de 1 a 32 minúsculas, cifras y guiones, primero una letra',
  '"proxy" is the name of the proxy\'s credential': '«proxy» es el nombre de la credencial del proxy',
  'a container is 3 to 63 lower-case letters, digits and single dashes':
    'un contenedor son de 3 a 63 minúsculas, cifras y guiones sueltos',
  'a bucket is 3 to 63 lower-case letters, digits, dots and dashes':
    'un bucket son de 3 a 63 minúsculas, cifras, puntos y guiones',
  'a prefix has at most 200 characters': 'una carpeta tiene como máximo 200 caracteres',
  'a prefix is letters, digits, dashes and underscores, parted by single slashes':
    'una carpeta son letras, cifras, guiones y guiones bajos, separados por una barra',
  'an address has at most 300 characters': 'una dirección tiene como máximo 300 caracteres',
  'an address is https://HOST[:PORT][/PATH]; http only to this PC':
    'una dirección es https://SERVIDOR[:PUERTO][/RUTA]; http solo a este equipo',
  'a limit is at least 16384 bytes per second, or 0 for none':
    'un límite es de al menos 16384 bytes por segundo, o 0 para ninguno',
  'a tenant is an id or a domain': 'un inquilino es un id. o un dominio',
  'a client is an id': 'un cliente es un id.',
  'service-principal needs endpoint, tenantId and clientId':
    'la aplicación de Entra necesita dirección, inquilino y cliente',
  'a region is lower-case letters, digits and dashes': 'una región son minúsculas, cifras y guiones',
  'a folder is a whole path, from the root or the drive on':
    'una carpeta es una ruta completa, desde la raíz o la unidad',
  'a proxy is http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT':
    'un proxy es http://SERVIDOR:PUERTO, https://SERVIDOR:PUERTO o socks5://SERVIDOR:PUERTO',
  'a host, or .DOMAIN for all hosts in it': 'un servidor, o .DOMINIO para todos los de él',
  'manual needs an address': 'un proxy necesita una dirección',
  'pac needs the place of the script, pac': 'con un script hace falta decir dónde está',
  'a PAC script is a whole path, or an address http://... or https://...':
    'un script PAC es una ruta completa o una dirección http://... o https://...',
  'a window has at least one day': 'una franja tiene al menos un día',
  'a time is HH:MM, 00:00 to 24:00': 'una hora es HH:MM, de 00:00 a 24:00',
  'a window begins and ends at different times; a whole day is 00:00 to 24:00':
    'una franja empieza y termina a horas distintas; un día entero es de 00:00 a 24:00',
  'a window begins at 23:59 at the latest': 'una franja empieza a las 23:59 como muy tarde',
  'there are at most 50 windows': 'hay como máximo 50 franjas',
  'must differ from dicom.port': 'debe ser distinto de dicom.port',
  'is too long': 'es demasiado largo',
};
