/** The Spanish kit. */
import type { KitStrings } from './kit-strings.ts';

export const spanish: KitStrings = {
  language: 'es',
  title: 'Kit de recuperación',
  shareTitle: 'Kit de recuperación: parte {number} de 3',
  secrecy:
    'Quien tenga este papel y acceso al almacenamiento en la nube puede leer todas las imágenes. Si se pierde junto con el PC, nadie puede ayudar: no hay otra clave ni otro camino. Imprímalo, guárdelo bajo llave y después borre el archivo.',
  shareSecrecy:
    'Esta es una de tres partes. Dos cualesquiera abren todas las imágenes; una sola no abre ni revela nada. Entregue cada parte a una persona distinta, nunca dos a la misma. Imprímala, guárdela bajo llave y después borre el archivo.',
  printed: 'Hecho por Edge Sync {version}. El programa no guarda ninguna copia.',
  facts: {
    heading: 'A qué pertenece este kit',
    installation: 'Instalación',
    archive: 'Archivo',
    fingerprint: 'Huella',
    date: 'Hecho el',
    program: 'Programa',
    share: 'Marca de esta parte',
  },
  cloud: {
    heading: 'Dónde están las imágenes',
    none: 'Cuando se hizo este kit no había ningún almacenamiento configurado. Escríbalo aquí a mano: proveedor, cuenta, contenedor, carpeta.',
    noSecret:
      'La credencial del almacenamiento no se imprime aquí. El titular de la cuenta puede crear otra; basta con permiso de lectura.',
    kind: 'Tipo',
    endpoint: 'Cuenta (dirección)',
    endpointUnknown: 'desconocida cuando se hizo este kit; escríbala aquí: ______________________________',
    head: 'Lista de imágenes más reciente',
    headValue: 'número {sequence} de la instalación {installation}, comprobada el {date}',
    headNone: 'aún ninguna cuando se hizo este kit',
    settings: {
      container: 'Contenedor',
      bucket: 'Depósito (bucket)',
      prefix: 'Carpeta (prefijo)',
      region: 'Región',
      endpoint: 'Punto de acceso',
      account: 'Cuenta',
      path: 'Ruta',
      url: 'Dirección',
    },
    emptyPrefix: '(ninguna: en la raíz)',
  },
  words: {
    heading: 'Las 24 palabras',
    intro:
      'En este orden. Son palabras inglesas, con letras de la a a la z; las cuatro primeras letras bastan para reconocer cada una.',
  },
  shareWords: {
    heading: 'Las 25 palabras de esta parte',
    intro:
      'En este orden, después de la marca {mark}. Son palabras inglesas, con letras de la a a la z; las cuatro primeras letras bastan para reconocer cada una.',
  },
  key: {
    heading: 'La misma clave para otros programas',
    intro:
      'Solo Edge Sync (o quien siga su formato publicado) puede convertir las palabras en una clave. Esta es la misma clave en la forma que entienden otros programas (PKCS#8). Es tan secreta como las palabras. Haga con ella un archivo llamado recovery.pem, de una de estas dos maneras:',
    scan: 'Lea el código con un teléfono o lector propio que no envíe a otro sitio lo que lee. Su texto es el archivo entero: guárdelo como recovery.pem.',
    type: 'O escriba estas líneas exactamente en un archivo de texto vacío y guárdelo como recovery.pem. Mayúsculas y minúsculas son distintas.',
    caption: 'recovery.pem',
    checkIntro:
      'Después compruébelo. La primera línea debe decir que la clave es válida (Key is valid) y la segunda debe dar la huella de arriba. Si no es así, hay algo mal escrito. Borre recovery.pem cuando termine.',
  },
  shareQr:
    'El código contiene la marca y las palabras. Léalo solo con un aparato propio que no envíe a otro sitio lo que lee.',
  newPc: {
    heading: 'En un PC nuevo, con Edge Sync',
    steps: [
      {
        text: 'Pida a quien lleve la cuenta una credencial del almacenamiento nombrado arriba. Guárdela como secret.txt y escriba las 24 palabras en un archivo de texto, words.txt. Borre los dos archivos cuando termine.',
      },
      {
        text: 'Instale Edge Sync y no lo inicie todavía. Para que este PC ocupe el lugar del anterior, en una sola línea (NAME y PREFIX como arriba; sin --prefix si no hay; para otro almacenamiento que Azure vea docs/new-pc.md):',
        command: 'join',
      },
      {
        text: 'Muestra el número y la fecha de la lista de imágenes más reciente de cada PC. Compárelos con lo impreso arriba y con el último día de trabajo: una lista más antigua significa que alguien ha quitado las nuevas.',
      },
      { text: 'Después, para recuperar todas las imágenes como archivos DICOM:', command: 'restore-here' },
      {
        text: 'Solo para recuperar imágenes, en un PC que no se une al archivo: indique el almacenamiento con edge-sync config set, y',
        command: 'restore',
      },
      {
        text: 'Cada 90 días, y tras cada cambio del almacenamiento, compruebe que las palabras siguen sirviendo:',
        command: 'check',
      },
    ],
  },
  shareNewPc: {
    heading: 'Qué hacer con dos partes',
    steps: [
      {
        text: 'Reúna dos cualesquiera de las tres partes. Sus marcas deben terminar con los mismos ocho caracteres y empezar con números distintos.',
      },
      {
        text: 'Escriba las dos en un archivo de texto, words.txt: una marca y sus 25 palabras, después la otra marca y sus 25 palabras. Guarde una credencial del almacenamiento nombrado arriba como secret.txt. Borre los dos archivos cuando termine.',
      },
      {
        text: 'Instale Edge Sync y no lo inicie todavía. Para que este PC ocupe el lugar del anterior, en una sola línea (NAME y PREFIX como arriba; sin --prefix si no hay; para otro almacenamiento que Azure vea docs/new-pc.md):',
        command: 'join',
      },
      {
        text: 'Muestra el número y la fecha de la lista de imágenes más reciente de cada PC. Compárelos con lo impreso arriba y con el último día de trabajo: una lista más antigua significa que alguien ha quitado las nuevas.',
      },
      { text: 'Después, para recuperar todas las imágenes como archivos DICOM:', command: 'restore-here' },
      {
        text: 'Solo para recuperar imágenes, en un PC que no se une al archivo: indique el almacenamiento con edge-sync config set, y',
        command: 'restore',
      },
      {
        text: 'Para abrir imágenes sin Edge Sync, solo con OpenSSL, haga antes la clave (la línea está en docs/sealed-object.md):',
        command: 'export-key',
      },
      {
        text: 'Si Edge Sync no se puede conseguir: docs/recovery-kit.md y docs/sealed-object.md publican cómo las partes dan las palabras y las palabras la clave, con detalle suficiente para escribir un programa.',
      },
    ],
  },
  withoutUs: {
    heading: 'Sin Edge Sync',
    steps: [
      {
        text: 'Descargue lo que hay en la carpeta "objects" del almacenamiento nombrado arriba, con las herramientas de su proveedor. Cada archivo X.cms es una imagen: CMS AuthEnvelopedData (RFC 5083), AES-256-GCM. OpenSSL 3.0 o posterior lo abre (consola de Linux y macOS):',
        command: 'open-one',
      },
      { text: 'En Windows, en el símbolo del sistema:', command: 'open-one-windows' },
      {
        text: 'Todas a la vez, en la carpeta que contiene "objects". El archivo que no se pueda abrir se nombra, y de él no queda nada:',
        command: 'open-all',
      },
      {
        text: 'Los archivos de la carpeta "manifests" se abren igual. Son listas (JSON) que nombran cada objeto, su paciente y estudio, y su SHA-256.',
      },
      {
        text: 'Las imágenes de más de 1,6 GB son demasiado grandes para OpenSSL, y da por buenos algunos archivos dañados. El lector que acompaña a Edge Sync (un solo archivo, open-sealed.mjs: guarde una copia con este kit) no tiene ninguno de los dos defectos y solo necesita Node.js 18 o posterior:',
        command: 'reader',
      },
      {
        text: 'Edge Sync hace lo mismo a partir de las palabras, sin instalación y sin nube:',
        command: 'open-with-words',
      },
    ],
  },
  trust: {
    heading: 'De qué fiarse y de qué no',
    provesHeading: 'Cuando la línea termina bien (y deja un archivo),',
    proves: [
      'la clave es la correcta y lo que salió concuerda con la suma (tag) que lleva el propio archivo.',
    ],
    notHeading: 'No demuestra',
    not: [
      'que la imagen sea suya: el certificado es público y cualquiera pudo sellar otra cosa. Compare el SHA-256 de X.cms con las listas, o use edge-sync restore, que también comprueba las listas;',
      'que el archivo esté entero como se hizo: OpenSSL acepta también un tag recortado a un byte, un cifrado más débil puesto en lugar del correcto y bytes después del final. Edge Sync rechaza todo eso;',
      'que no falte nada: un archivo está tan completo como sus listas. Compare el número y la fecha de la lista más reciente con lo que recuerde o encuentre impreso arriba.',
      'Sin la parte que sigue a || no demuestra nada: OpenSSL escribe la imagen antes de comprobarla, y la deja aunque la comprobación falle.',
    ],
  },
  keeping: {
    heading: 'Cómo guardarlo',
    items: [
      'En una caja fuerte o bajo llave, no en la sala del PC; una segunda copia en otro edificio.',
      'No como foto, ni en un correo, ni en la nube, ni en el gestor de contraseñas del mismo PC.',
      'Quién puede usarlo y quién sabe dónde está: anótelo en su plan de emergencia.',
      'Si otros lo han visto o se ha perdido: haga uno nuevo (edge-sync recovery replace). Las imágenes antiguas se siguen leyendo con el anterior.',
    ],
  },
  shareKeeping: {
    heading: 'Cómo guardarla',
    items: [
      'En una caja fuerte o bajo llave. Los tres custodios guardan sus partes en sitios distintos.',
      'No como foto, ni en un correo, ni en la nube.',
      'Si esta parte se pierde, bastan las otras dos: haga pronto un kit nuevo (edge-sync recovery replace).',
      'Si un mismo extraño ha visto dos partes, haga un kit nuevo de inmediato.',
    ],
  },
  page: 'Página {page} de {pages}',
};
