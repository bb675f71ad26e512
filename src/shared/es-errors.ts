import type { ErrorCode } from './errors.ts';

interface ErrorText {
  readonly message: string;
  readonly nextStep: string;
}

/**
 * Spanish for every error code, for the page and the desktop; the engine's own English is the fallback. A test holds this against the list of codes.
 * Where the page offers the step itself, the step names the page, not the command line.
 */
export const esErrors: Partial<Readonly<Record<ErrorCode, ErrorText>>> = {
  // configuration
  'config-not-readable': {
    message: 'No se puede leer el archivo de configuración',
    nextStep: 'Compruebe que el archivo existe y que este usuario puede leerlo.',
  },
  'config-not-json': {
    message: 'El archivo de configuración no es JSON válido',
    nextStep: 'Corrija el lugar indicado o empiece de nuevo con el ejemplo del README.',
  },
  'config-unknown-key': {
    message: 'La configuración tiene una clave que no existe',
    nextStep: 'Quítela o corrija cómo está escrita; `edge-sync config get` muestra todas las claves.',
  },
  'config-bad-value': {
    message: 'Un ajuste tiene un valor que no está permitido',
    nextStep: 'Ponga un valor permitido con `edge-sync config set CLAVE VALOR`.',
  },
  'settings-by-environment': {
    message: 'Este ajuste viene del entorno con el que se inicia Edge Sync y no se puede cambiar aquí',
    nextStep: 'Cámbielo donde se inicia Edge Sync, o quítelo allí y ajústelo aquí.',
  },
  'config-changed-outside': {
    message: 'La configuración se cambió mientras tanto en otro lugar, así que aquí no se cambió nada',
    nextStep: 'Mírela como está ahora y vuelva a cambiarla.',
  },
  'config-no-undo': {
    message: 'No hay ningún cambio de la configuración que se pueda deshacer',
    nextStep: 'Cambie el ajuste mismo.',
  },
  'keys-store-in-use': {
    message: 'Las claves de esta instalación están en el almacén elegido, y un ajuste no las traslada',
    nextStep: 'Deje el ajuste como está; otro almacén se elige antes del primer inicio.',
  },
  'folder-not-writable': {
    message: 'Este usuario no puede borrar archivos en la carpeta, y «borrar» lo necesita',
    nextStep: 'Dé permiso de escritura en la carpeta al usuario de Edge Sync, o elija «conservar».',
  },
  'proxy-not-reachable': {
    message: 'Nada responde en la dirección del proxy',
    nextStep: 'Compruebe el nombre y el puerto del proxy.',
  },
  'restart-by-hand': {
    message: 'Este motor no puede reiniciarse por sí mismo',
    nextStep: 'Termínelo e inícielo de nuevo como se inició.',
  },
  'restart-waiting': {
    message: 'Los ajustes cambiados aún no se aplican',
    nextStep: 'Reinicie el motor en la pantalla de ajustes o deshaga allí el cambio.',
  },
  'settings-busy': {
    message: 'El cambio no se puede hacer mientras hay algo en marcha',
    nextStep: 'Inténtelo de nuevo cuando haya terminado; no se ha cambiado nada.',
  },
  'engine-reloading': {
    message: 'Edge Sync está aplicando los nuevos ajustes',
    nextStep: 'Inténtelo de nuevo dentro de un momento.',
  },
  'destination-not-tested': {
    message:
      'El almacenamiento en la nube no ha superado la prueba tal como está escrito ahora y no se ha guardado',
    nextStep: 'Haga la prueba y corrija lo que indique.',
  },
  'destination-in-use': {
    message: 'Con este nombre ya se han guardado imágenes, así que no puede llevar a otro lugar',
    nextStep: 'Dé al nuevo almacenamiento un nombre propio; el que está en uso queda como está.',
  },
  'destination-still-needed': {
    message:
      'Todavía hay imágenes que esperan a este destino; sin él constarían como seguras aunque nunca llegaran allí',
    nextStep:
      'Espere a que las haya comprobado, o guarde el cambio de todos modos si ya no quiere las imágenes allí.',
  },
  'destination-dropped': {
    message: 'Se quitó de los ajustes un destino obligatorio al que todavía esperaban imágenes',
    nextStep:
      'Vuelva a ponerlo en los ajustes si las imágenes deben estar allí; márquelo como visto si ya no las quiere allí.',
  },
  usage: {
    message: 'No se entiende la línea de comandos',
    nextStep: 'Ejecute `edge-sync --help`.',
  },
  // engine life
  'port-taken': {
    message: 'Otro programa ya usa el puerto',
    nextStep:
      'Cierre el otro programa o elija otro puerto en la configuración (`edge-sync config set dicom.port N`).',
  },
  'port-not-allowed': {
    message: 'No se puede escuchar en esa dirección',
    nextStep: 'Elija una dirección de este PC y un puerto por encima de 1023.',
  },
  'engine-already-running': {
    message: 'Otro motor de Edge Sync ya usa esta carpeta de datos',
    nextStep: 'Use el que está en marcha o dé a este otra carpeta con --data-dir.',
  },
  'engine-not-running': {
    message: 'No hay ningún motor de Edge Sync en marcha sobre esta carpeta de datos',
    nextStep: 'Abra Edge Sync o reinícielo.',
  },
  'engine-starting': {
    message: 'Edge Sync está arrancando',
    nextStep: 'Espere un momento.',
  },
  'engine-not-answering': {
    message: 'El motor no responde',
    nextStep: 'Espere un momento: se le pregunta otra vez y, si sigue callado, se arranca de nuevo.',
  },
  'engine-stopping': {
    message: 'Edge Sync se está cerrando, así que no se recibe nada',
    nextStep: 'Vuelva a abrirlo para seguir recibiendo.',
  },
  'engine-stopped': {
    message: 'El motor se detuvo de forma inesperada y se está arrancando de nuevo',
    nextStep: 'Espere un momento; si se repite, reinicie el PC y mire el registro.',
  },
  'data-dir-not-writable': {
    message: 'No se puede escribir en la carpeta de datos',
    nextStep: 'Dé permiso de escritura a este usuario o elija otra con --data-dir.',
  },
  'database-too-new': {
    message: 'La carpeta de datos fue escrita por una versión más nueva de Edge Sync',
    nextStep: 'Instale esa versión o una posterior. No se ha cambiado nada.',
  },
  'database-damaged': {
    message: 'La base de datos de la cola está dañada',
    nextStep:
      'No borre nada; copie la carpeta de datos y pida ayuda. Las imágenes cifradas siguen en este PC.',
  },
  'database-other-key': {
    message: 'La base de datos de la cola pertenece a otra clave que la de esta instalación',
    nextStep:
      'Vuelva a poner la entrada del almacén o el archivo de clave con que se creó esta carpeta. No se ha cambiado nada.',
  },
  internal: {
    message: 'Algo inesperado falló dentro de Edge Sync',
    nextStep: 'Inténtelo de nuevo; si se repite, envíe el registro al servicio técnico.',
  },
  // keys
  'keychain-unavailable': {
    message: 'No se puede usar el almacén de claves de este PC',
    nextStep:
      'Desbloquee o arranque el almacén (en Linux: gnome-keyring o KWallet), o ponga keys.store en "passphrase".',
  },
  'keychain-entry-missing': {
    message: 'La clave de esta instalación ya no está en el almacén de claves',
    nextStep:
      'Ejecute `edge-sync recovery adopt` y escriba las palabras de recuperación: la instalación sigue con una clave nueva.',
  },
  'passphrase-missing': {
    message: 'Hace falta una frase de paso y no se dio ninguna',
    nextStep: 'Indique --passphrase-file ARCHIVO o defina EDGE_SYNC_PASSPHRASE.',
  },
  'passphrase-wrong': {
    message: 'La frase de paso no es correcta',
    nextStep: 'Inténtelo con la frase de paso con la que se creó esta instalación.',
  },
  'key-file-damaged': {
    message: 'El archivo de clave de esta instalación está dañado',
    nextStep:
      'Ponga una copia suya, o ejecute `edge-sync recovery adopt --from-cloud` con las palabras de recuperación.',
  },
  'recovery-missing': {
    message: 'Todavía no se ha creado ningún kit de recuperación',
    nextStep: 'Cree el kit de recuperación y guarde bien las 24 palabras.',
  },
  'recovery-not-proven': {
    message: 'Las palabras de recuperación aún no se han comprobado, así que las subidas esperan',
    nextStep: 'Compruebe las 24 palabras del kit impreso.',
  },
  'recovery-exists': {
    message: 'Ya existe un kit de recuperación',
    nextStep: 'Use las palabras que tiene. Mientras no estén comprobadas se pueden crear otras nuevas.',
  },
  'recovery-words-misspelt': {
    message: 'Una palabra de recuperación no está en la lista de palabras',
    nextStep: 'Corrija la palabra indicada e inténtelo de nuevo.',
  },
  'recovery-words-count': {
    message: 'Tienen que ser exactamente 24 palabras de recuperación',
    nextStep: 'Compare con el kit impreso y escriba las 24 palabras.',
  },
  'recovery-words-checksum': {
    message: 'Las palabras de recuperación no encajan entre sí',
    nextStep: 'Compare cada palabra y su lugar con el kit impreso; una está mal o cambiada de sitio.',
  },
  'recovery-words-other': {
    message: 'Estas palabras de recuperación son válidas, pero de otro archivo',
    nextStep: 'Use el kit de esta instalación; compare la huella impresa en él.',
  },
  'recovery-words-replaced': {
    message: 'Estas palabras de recuperación se sustituyeron por otras más nuevas',
    nextStep: 'Use el kit más nuevo; compare la huella impresa en él con `edge-sync keys status`.',
  },
  'recovery-replacing': {
    message: 'Ya se han creado palabras de recuperación nuevas y falta comprobarlas',
    nextStep:
      'Ejecute `edge-sync recovery check` con las palabras nuevas; `recovery replace --again` crea otras y `--cancel` conserva las antiguas.',
  },
  'recovery-not-replacing': {
    message: 'No hay ninguna sustitución de las palabras de recuperación en curso',
    nextStep: 'No hay que hacer nada.',
  },
  'keys-in-order': {
    message: 'Las claves de esta instalación están en orden: no hay nada que recuperar',
    nextStep: 'Inicie Edge Sync como siempre.',
  },
  'keys-exist': {
    message: 'Esta carpeta de datos ya tiene claves o imágenes propias y no puede unirse a otro archivo',
    nextStep:
      'Indique una carpeta vacía con --data-dir. Si se perdieron las claves de esta carpeta, ejecute `edge-sync recovery adopt`.',
  },
  'passphrase-not-used': {
    message: 'Esta instalación guarda su clave en el almacén de claves: no hay contraseña que cambiar',
    nextStep: 'No hay que hacer nada; `edge-sync keys rotate-device` crea una clave nueva para este PC.',
  },
  'passphrase-weak': {
    message: 'La contraseña es demasiado fácil de adivinar',
    nextStep: 'Elija al menos 12 caracteres, por ejemplo cinco palabras sin relación entre sí.',
  },
  'recipient-exists': {
    message: 'Las imágenes nuevas ya se cifran para este certificado o con este nombre',
    nextStep: 'Mire `edge-sync recipients list`.',
  },
  'recipient-unknown': {
    message: 'No existe ese destinatario',
    nextStep: 'Mire `edge-sync recipients list`.',
  },
  'recipient-too-many': {
    message: 'Hay tantos destinatarios como caben en una imagen',
    nextStep: 'Quite uno con `edge-sync recipients remove`.',
  },
  'recovery-check-due': {
    message: 'Las palabras de recuperación no se prueban desde hace más de 90 días',
    nextStep: 'Saque el kit de su sitio y compruebe las palabras.',
  },
  'recovery-drill-failed': {
    message: 'La prueba de recuperación no pudo abrir una imagen de la nube',
    nextStep:
      'Las palabras son correctas, la imagen no: ejecute `edge-sync verify --all`, que encuentra lo dañado y lo repara donde puede.',
  },
  'recovery-share-count': {
    message: 'Se necesitan dos partes distintas del kit de recuperación',
    nextStep: 'Escriba la marca y las 25 palabras de una parte, y después las de otra.',
  },
  'recovery-share-checksum': {
    message: 'Las palabras de una parte no encajan entre sí',
    nextStep: 'Compare cada palabra y su lugar con la parte impresa; una está mal o cambiada de sitio.',
  },
  'recovery-share-mismatch': {
    message: 'Las partes son de kits de recuperación distintos',
    nextStep: 'Use partes cuyas marcas terminen con los mismos ocho caracteres.',
  },
  'certificate-unusable': {
    message: 'El certificado no sirve para cifrar imágenes',
    nextStep: 'Elija un certificado X.509 en formato PEM con una clave de curva elíptica P-256.',
  },
  // certificates and TLS
  'certificate-import-unusable': {
    message: 'El certificado o su clave privada no se puede usar',
    nextStep:
      'Indique los certificados en PEM, desde el propio hasta la raíz, y la clave que le corresponde.',
  },
  'certificate-request-unusable': {
    message: 'La solicitud de certificado no se puede firmar',
    nextStep:
      'Cree en el equipo una solicitud (PKCS#10, PEM) con clave ECDSA P-256 o RSA 2048, o emita aquí certificado y clave.',
  },
  'certificate-not-found': {
    message: 'Aquí no existe ese certificado',
    nextStep: 'Consulte `edge-sync certificates list`.',
  },
  'certificate-exists': {
    message: 'El certificado ya está aquí',
    nextStep: 'No hay que hacer nada; `edge-sync certificates list` lo muestra.',
  },
  'certificate-expires-soon': {
    message: 'Un certificado caduca pronto',
    nextStep:
      'Renuévelo en «Equipos y acceso» (o con `edge-sync certificates renew`) e instale el nuevo en el equipo.',
  },
  'certificate-expired': {
    message: 'Un certificado ha caducado y el equipo no puede conectarse con él',
    nextStep:
      'Renuévelo en «Equipos y acceso» (o con `edge-sync certificates renew`), o revóquelo si el equipo ya no está.',
  },
  'revocation-list-old': {
    message: 'La lista de certificados revocados de una CA está caducada',
    nextStep: 'Obtenga la lista más reciente de esa CA e impórtela con `edge-sync certificates import-crl`.',
  },
  'tls-on-plain-port': {
    message: 'Un equipo usa TLS en el puerto sin cifrado',
    nextStep: 'Configure en el equipo el puerto TLS (dicom.tls.port) y active dicom.tls.enabled.',
  },
  'plain-on-tls-port': {
    message: 'Un equipo se conecta sin cifrado al puerto TLS',
    nextStep:
      'Active TLS en el equipo, o configure en él el puerto sin cifrado y empareje el equipo sin TLS.',
  },
  'tls-certificate-missing': {
    message: 'Un equipo se conectó por TLS sin mostrar certificado',
    nextStep:
      'Cree uno en «Equipos y acceso» (o con `edge-sync certificates issue`) y configure el equipo para que se identifique con él.',
  },
  'tls-certificate-expired': {
    message: 'Se rechazó un equipo: su certificado está fuera de fecha',
    nextStep: 'Renueve su certificado; si es nuevo, compruebe la fecha y la hora de este PC.',
  },
  'tls-certificate-revoked': {
    message: 'Se rechazó un equipo: su certificado fue revocado',
    nextStep: 'Averigüe quién lo sigue usando; si es un equipo suyo, dele uno nuevo.',
  },
  'tls-certificate-foreign': {
    message: 'Se rechazó un equipo: su certificado no es de un emisor de confianza',
    nextStep: 'Emita uno aquí, o importe la CA que lo emitió con `edge-sync certificates import-ca`.',
  },
  'tls-too-old': {
    message: 'Se rechazó un equipo: solo usa TLS antiguo o un cifrado débil',
    nextStep: 'Active TLS 1.2 o 1.3 en el equipo; si no lo tiene, emparéjelo sin TLS en una red protegida.',
  },
  'tls-peer-untrusted': {
    message: 'El otro nodo DICOM y este no confían en sus certificados',
    nextStep: 'Compruebe --ca, --cert y --key, o el certificado del emparejamiento.',
  },
  // sealed objects
  'object-format': {
    message: 'El archivo no es un objeto cifrado por Edge Sync',
    nextStep: 'Elija un archivo .cms escrito por Edge Sync.',
  },
  'object-tampered': {
    message: 'El objeto cifrado se modificó o se dañó después de cifrarse',
    nextStep: 'No lo use; restaure otra copia y avise al administrador.',
  },
  'object-truncated': {
    message: 'El objeto cifrado está cortado',
    nextStep: 'Descárguelo de nuevo; si sigue cortado, restaure otra copia.',
  },
  'object-no-recipient': {
    message: 'El objeto cifrado no se cifró para esta clave',
    nextStep: 'Use la clave o las palabras del archivo al que pertenece.',
  },
  'object-mismatch': {
    message: 'El objeto se abre, pero su contenido no es el que promete su nombre',
    nextStep: 'No lo use; restaure otra copia y avise al administrador.',
  },
  'object-missing': {
    message: 'El objeto no está donde debería',
    nextStep: 'Ejecute `edge-sync verify` y restaure o envíe de nuevo la imagen.',
  },
  'not-on-this-pc': {
    message: 'La imagen se guardó antes de añadir este destino y ya no está en este PC',
    nextStep:
      'Deje en los ajustes el destino que la tiene e inténtelo de nuevo: se copia desde allí. O envíela otra vez.',
  },
  'copy-source-unreachable': {
    message: 'Hay imágenes que esperan a copiarse desde otro destino, que ahora no se puede leer',
    nextStep: 'No se pierde nada y la copia continúa por sí sola. Mire ese otro destino si dura.',
  },
  'copy-source-damaged': {
    message:
      'Una imagen no se copió al destino nuevo: lo que el otro destino tiene de ella está dañado o falta',
    nextStep:
      'No se copió nada dañado. Revise las copias en la nube; si no hay ninguna buena, envíe de nuevo el estudio.',
  },
  // images
  'not-dicom': {
    message: 'El archivo no es DICOM',
    nextStep: 'Déjelo fuera o expórtelo otra vez del equipo como DICOM.',
  },
  'dicom-truncated': {
    message: 'Los datos DICOM están cortados',
    nextStep: 'Envíe o copie la imagen otra vez desde el equipo.',
  },
  'dicom-unreadable': {
    message: 'No se pueden leer los datos DICOM lo bastante para identificar la imagen',
    nextStep: 'Envíela otra vez; si se repite, pregunte al fabricante del equipo.',
  },
  'dicom-mismatch': {
    message: 'La imagen no es la que se anunció',
    nextStep: 'Envíela otra vez; si se repite, pregunte al fabricante del equipo.',
  },
  'dicom-class-refused': {
    message: 'No se acepta esta clase de objeto DICOM',
    nextStep: 'Envíe solo imágenes e informes; DICOMDIR y los objetos privados se quedan en el soporte.',
  },
  'dicom-class-not-allowed': {
    message: 'El emparejamiento de este equipo no permite esta clase de imagen',
    nextStep: 'Permita la clase para el equipo en su emparejamiento y envíe de nuevo.',
  },
  'dicom-class-unknown': {
    message: 'Un equipo quiere enviar una clase de objeto que aquí no se conoce',
    nextStep: 'Permítala para el equipo si quiere guardarla, o descártela.',
  },
  'dicom-syntax-refused': {
    message: 'No se acepta esta sintaxis de transferencia',
    nextStep: 'Ajuste el equipo a una sintaxis sin compresión o sin pérdida.',
  },
  'file-needs-attention': {
    message: 'Algunos archivos de las carpetas vigiladas no se han podido incorporar',
    nextStep: 'Mire los archivos: la lista indica cuáles y por qué. No se ha borrado ni movido nada.',
  },
  'medium-incomplete': {
    message: 'Faltan archivos que nombra el directorio de un soporte (DICOMDIR)',
    nextStep: 'Copie de nuevo el CD o la memoria completos; lo que hay ya se ha incorporado.',
  },
  'file-not-deleted': {
    message: 'No se pueden borrar de una carpeta vigilada archivos cuyas imágenes están a salvo',
    nextStep: 'Permita a este usuario borrar allí, o ponga afterImport de la carpeta en "keep".',
  },
  'file-not-readable': {
    message: 'No se puede leer el archivo o la carpeta',
    nextStep: 'Compruebe que existe y que este usuario puede leerlo.',
  },
  'file-exists': {
    message: 'Ya existe un archivo con este nombre',
    nextStep: 'Elija otro nombre; no se ha sobrescrito nada.',
  },
  'file-not-writable': {
    message: 'No se puede escribir el archivo',
    nextStep: 'Compruebe la carpeta y que este usuario puede escribir en ella.',
  },
  'folder-not-reachable': {
    message: 'No se puede acceder a una carpeta vigilada',
    nextStep: 'Compruebe la unidad de red; la vigilancia sigue por sí sola cuando vuelva.',
  },
  'association-aborted': {
    message: 'Un equipo cortó la conexión mientras enviaba',
    nextStep: 'Envíe el estudio otra vez desde el equipo; no se guardó nada incompleto.',
  },
  'association-refused': {
    message: 'Se rechazó un equipo',
    nextStep: 'Permítalo si es suyo, o descártelo; si no, averigüe de quién es.',
  },
  'association-limit': {
    message: 'Se rechazó un equipo permitido: hay demasiadas asociaciones abiertas',
    nextStep:
      'Averigüe qué equipo mantiene asociaciones abiertas; si todas hacen falta, aumente dicom.maxAssociations.',
  },
  'pairing-not-valid': {
    message: 'El emparejamiento no está completo o no se permite',
    nextStep: 'Corrija la parte indicada.',
  },
  'pairing-exists': {
    message: 'Otro emparejamiento ya tiene este título AE y esta dirección o certificado',
    nextStep: 'Cambie ese, o quítelo antes.',
  },
  'pairing-too-many': {
    message: 'Hay tantos emparejamientos o clases permitidas como puede haber',
    nextStep: 'Quite los que ya no se usan.',
  },
  'device-unknown': {
    message: 'Este equipo no está emparejado',
    nextStep: 'Vuelva a mostrar los emparejamientos; puede que se haya quitado.',
  },
  'caller-unknown': {
    message: 'Este equipo que llamó ya no está en la lista',
    nextStep: 'Vuelva a mostrar la lista; si falta, haga que el equipo lo intente otra vez.',
  },
  'caller-wrong-title': {
    message: 'El equipo llama a otro título AE que el de este PC',
    nextStep: 'Introduzca en el equipo el título AE de este PC y haga que lo intente otra vez.',
  },
  'caller-downgrade': {
    message: 'El equipo está emparejado para conexiones cifradas y llegó sin cifrado',
    nextStep: 'Active TLS de nuevo en el equipo. Para renunciar al cifrado, cambie su emparejamiento.',
  },
  'class-unknown': {
    message: 'Esta clase ya no está en la lista',
    nextStep: 'Vuelva a mostrar la lista; si falta, haga que el equipo lo intente otra vez.',
  },
  'listen-on-all': {
    message: 'No se permite escuchar en todas las interfaces a la vez',
    nextStep: 'Elija una dirección o interfaz: `edge-sync devices addresses` las muestra.',
  },
  'interface-missing': {
    message: 'La interfaz de red en la que escuchar no está o no tiene dirección',
    nextStep:
      'Compruebe el cable o la Wi-Fi; la recepción sigue por sí sola. `edge-sync devices addresses` muestra las que hay.',
  },
  'address-missing': {
    message: 'La dirección en la que escuchar no es de este PC en este momento',
    nextStep:
      'Compruebe la red; la recepción sigue por sí sola cuando vuelva la dirección. Si las direcciones cambian, elija la interfaz: `edge-sync devices addresses`.',
  },
  'public-address-refused': {
    message: 'A la dirección en la que escuchar se llega desde toda internet',
    nextStep:
      'Elija una dirección de la red local: `edge-sync devices addresses`. Si tiene que ser esta, ponga dicom.allowPublicAddress en true.',
  },
  'public-address': {
    message: 'Edge Sync escucha en una dirección a la que se llega desde toda internet',
    nextStep: 'Elija una dirección de la red local: «Equipos y acceso» muestra cómo.',
  },
  'device-plain': {
    message: 'El equipo envía sin cifrado: cualquiera en esta red puede leer lo que envía',
    nextStep: 'Active TLS en el equipo si puede, y emparéjelo con su certificado.',
  },
  'uid-conflict': {
    message: 'Dos imágenes distintas llevan la misma identidad; se guardaron las dos',
    nextStep: 'Mire las dos en el estudio y avise al fabricante del equipo.',
  },
  'disk-full': {
    message: 'Queda muy poco espacio en el disco para recibir imágenes',
    nextStep: 'Libere espacio en el disco; la recepción sigue por sí sola.',
  },
  'disk-error': {
    message: 'No se pudo leer o escribir el disco',
    nextStep: 'Compruebe el disco; la imagen no se aceptó.',
  },
  // peers
  'peer-unreachable': {
    message: 'No se llega al otro nodo DICOM',
    nextStep: 'Compruebe dirección, puerto y cortafuegos, y que el nodo está encendido.',
  },
  'peer-refused': {
    message: 'El otro nodo DICOM rechazó la petición',
    nextStep: 'Compruebe los títulos AE y qué acepta el nodo.',
  },
  'peer-timeout': {
    message: 'El otro nodo DICOM no respondió a tiempo',
    nextStep: 'Inténtelo de nuevo; si se repite, revise el nodo.',
  },
  'commitment-failed': {
    message: 'Un equipo preguntó si sus imágenes están a salvo, y para algunas la respuesta fue no',
    nextStep: 'No las borre en el equipo: envíelas de nuevo y mire los fallos de abajo.',
  },
  'commitment-refused': {
    message: 'Un equipo preguntó por más imágenes a la vez de las que Edge Sync admite, y se le dijo que no',
    nextStep: 'No las borre en el equipo: haga que vuelva a preguntar más tarde, en grupos más pequeños.',
  },
  'commitment-undelivered': {
    message: 'Durante una semana no se pudo decir a un equipo qué pasó con sus imágenes',
    nextStep: 'Compruebe la dirección de confirmación del equipo y haga que vuelva a preguntar.',
  },
  // cloud
  'cloud-secret-missing': {
    message: 'La credencial del destino no está guardada en este PC',
    nextStep: 'Introduzca la credencial.',
  },
  'cloud-secret-malformed': {
    message: 'La credencial del destino no es de las de su tipo',
    nextStep: 'Copie otra vez la credencial completa de donde se creó e introdúzcala.',
  },
  'cloud-auth': {
    message: 'La nube rechazó la credencial',
    nextStep: 'Compruebe que la clave está vigente y puede escribir, e introdúzcala de nuevo.',
  },
  'cloud-clock-skew': {
    message: 'El reloj de este PC está mal, por eso la nube rechaza la credencial',
    nextStep: 'Ponga la fecha y la hora del PC en automático.',
  },
  'cloud-host-unknown': {
    message: 'No se encuentra la dirección de la nube',
    nextStep: 'Compruebe el nombre de la cuenta y la conexión a internet.',
  },
  'alert-not-sent': {
    message: 'No se pudo enviar un aviso',
    nextStep: 'Compruebe los ajustes de avisos con `edge-sync alerts test`; se vuelve a intentar solo.',
  },
  'alert-refused': {
    message: 'El servidor de correo no acepta el nombre o la contraseña',
    nextStep:
      'Guarde la contraseña correcta con `edge-sync config set secret.smtp` o corrija alerts.email.user.',
  },
  'alert-secret-missing': {
    message: 'La contraseña de la cuenta de correo no está guardada',
    nextStep: 'Guárdela con `edge-sync config set secret.smtp`.',
  },
  'alerts-not-set': {
    message: 'Nadie recibe avisos por correo ni por webhook: ninguno está configurado',
    nextStep: 'Configure alerts.email o alerts.webhook; docs/alerts.md explica cómo.',
  },
  'cloud-unreachable': {
    message: 'No se llega a la nube',
    nextStep: 'Compruebe la conexión a internet; las subidas siguen por sí solas.',
  },
  'cloud-container-missing': {
    message: 'El contenedor no existe en la cuenta de la nube',
    nextStep: 'Cree el contenedor o corrija su nombre en la configuración.',
  },
  'cloud-throttled': {
    message: 'La nube pide ir más despacio',
    nextStep: 'No hay que hacer nada; las subidas siguen por sí solas.',
  },
  'cloud-server-error': {
    message: 'La nube tuvo un error propio',
    nextStep: 'No hay que hacer nada; las subidas siguen por sí solas.',
  },
  'cloud-checksum': {
    message: 'La nube recibió algo distinto de lo enviado',
    nextStep: 'No hay que hacer nada; se envía otra vez. Si se repite, revise la red.',
  },
  'cloud-conflict': {
    message: 'La nube ya tiene otro objeto con este nombre',
    nextStep: 'No se sobrescribió nada. Avise al administrador.',
  },
  'cloud-refused': {
    message: 'La nube rechazó la petición',
    nextStep: 'Mire el detalle y los ajustes de la cuenta.',
  },
  'cloud-copy-missing': {
    message: 'Una imagen verificada ya no está en la nube',
    nextStep: 'Deje este PC encendido: busca una copia buena y la sube de nuevo.',
  },
  'cloud-copy-damaged': {
    message: 'Una imagen verificada está dañada o cambiada en la nube',
    nextStep: 'Deje este PC encendido: busca una copia buena y la sube de nuevo.',
  },
  'cloud-copy-mending': {
    message: 'Una copia en la nube faltaba o estaba dañada y se está sustituyendo por una buena',
    nextStep: 'Deje este PC encendido hasta que termine.',
  },
  'cloud-copy-mended': {
    message: 'Una copia en la nube faltaba o estaba dañada; se guardó una buena a su lado',
    nextStep:
      'Pregunte quién puede borrar o cambiar objetos en el almacenamiento y active allí la inmutabilidad.',
  },
  'cloud-copy-lost': {
    message: 'Una imagen no tiene ninguna copia buena ni en la nube ni en este PC',
    nextStep:
      'Envíe de nuevo el estudio desde el equipo, o pida al proveedor que recupere el objeto; después revise otra vez las copias.',
  },
  'cloud-full': {
    message: 'El destino no tiene espacio libre',
    nextStep: 'Libere espacio allí o amplíe su cuota; las subidas continúan solas.',
  },
  'cloud-region': {
    message: 'El bucket está en otra región que la configurada',
    nextStep: 'Ponga en el destino la región del bucket.',
  },
  'cloud-overwrites': {
    message: 'El servicio sobrescribe objetos aunque se le pide que no, por eso las subidas esperan',
    nextStep:
      'Active las versiones del bucket y ponga createOnly del destino en "by-versioning", o use otro servicio. Vea docs/cloud-setup.md.',
  },
  'cloud-folder-denied': {
    message: 'Este usuario no puede leer o escribir en la carpeta del destino',
    nextStep:
      'Dé al usuario con el que se ejecuta Edge Sync permiso de lectura y escritura en la carpeta o unidad de red.',
  },
  'pacs-refused': {
    message: 'El PACS rechazó la imagen',
    nextStep: 'Revise con el administrador del PACS el motivo del detalle y vuelva a intentarlo.',
  },
  'pacs-too-large': {
    message: 'El PACS no acepta imágenes tan grandes',
    nextStep: 'Pida que amplíen el límite de sus peticiones y vuelva a intentarlo.',
  },
  'pacs-no-room': {
    message: 'El PACS no tiene espacio o recursos',
    nextStep: 'Libere espacio allí; las subidas continúan solas.',
  },
  'pacs-no-service': {
    message: 'La dirección del PACS no es la de un servicio DICOMweb',
    nextStep: 'Corrija `url` del destino: lo que va antes de /studies.',
  },
  'pacs-untrusted': {
    message: 'El certificado del PACS no es de confianza',
    nextStep:
      'Indique en `authorityFile` del destino un archivo con el certificado de su autoridad, o pida que lo renueven.',
  },
  'pacs-certificate-file': {
    message: 'No se puede usar un archivo de certificados del destino',
    nextStep: 'Corrija `certificateFile` o `authorityFile` del destino; ambos son archivos PEM.',
  },
  'pacs-copy-missing': {
    message: 'El PACS aceptó la imagen pero no la tiene',
    nextStep: 'No hay que hacer nada; se envía de nuevo. Si se repite, pregunte al administrador del PACS.',
  },
  'pacs-copy-differs': {
    message: 'El PACS guarda otra cosa con el UID de esta imagen, o la ha cambiado',
    nextStep:
      'Compare allí la imagen. Si el PACS cambia lo que guarda y se acepta, ponga `proof` del destino en "listed".',
  },
  'pacs-copy-unproven': {
    message: 'El PACS muestra la imagen en su lista pero no la devuelve para compararla',
    nextStep:
      'Permita a la credencial recuperar imágenes (WADO-RS), o ponga `proof` del destino en "listed".',
  },
  'destination-changed': {
    message: 'Este nombre era antes de otro lugar, y sus imágenes constan como guardadas allí',
    nextStep: 'Dé al nuevo lugar un nombre propio en la configuración.',
  },
  'destination-not-archive': {
    message: 'Este destino es un PACS: no guarda imágenes selladas, listas ni claves',
    nextStep: 'Elija un destino de tipo azure, s3 o folder.',
  },
  'entra-sign-in-needed': {
    message: 'Nadie ha iniciado sesión en Entra para este destino, o la sesión terminó',
    nextStep: 'Inicie sesión en la página, o con `edge-sync entra sign-in NOMBRE`, y siga las indicaciones.',
  },
  'entra-consent-needed': {
    message: 'Entra pide que un administrador permita antes esta aplicación',
    nextStep:
      'Pida a un administrador que dé su consentimiento en el portal de Entra; después inicie sesión en la página o con `edge-sync entra sign-in NOMBRE`.',
  },
  'entra-sign-in-ended': {
    message: 'El inicio de sesión no se terminó a tiempo o fue rechazado',
    nextStep:
      'Inicie sesión otra vez, en la página o con `edge-sync entra sign-in NOMBRE`, e introduzca el nuevo código en 15 minutos.',
  },
  'entra-not-allowed': {
    message: 'Entra no deja iniciar sesión así a esta aplicación o cuenta',
    nextStep:
      'Revise tenantId y clientId, que la aplicación permita flujos de cliente público, y las reglas de acceso condicional.',
  },
  'proxy-script-unreadable': {
    message: 'No se pudo leer el script que elige el proxy (PAC)',
    nextStep:
      'Revise network.proxy.pac: el archivo o la dirección debe existir y tener como máximo 256 KiB. Se intenta de nuevo por sí solo.',
  },
  'proxy-script-failed': {
    message: 'El script que elige el proxy (PAC) no dio una respuesta utilizable',
    nextStep:
      'Pregunte a quien mantiene el script de network.proxy.pac, o indique el proxy mismo: network.proxy.mode manual. Se intenta de nuevo por sí solo.',
  },
  'proxy-refused': {
    message: 'El proxy entre este PC y la nube rechazó la conexión',
    nextStep: 'Revise los ajustes de network.proxy y la credencial guardada como secret.proxy.',
  },
  'manifest-broken': {
    message: 'La lista de lo guardado en la nube está dañada o fue modificada',
    nextStep: 'La restauración sigue con lo que se puede demostrar; avise al administrador.',
  },
  'archive-key-missing': {
    message: 'La clave del archivo no está en este contenedor de la nube',
    nextStep: 'Compare cuenta, contenedor y prefijo con el kit de recuperación.',
  },
  'audit-trail-broken': {
    message:
      'El registro de auditoría de este PC no está como se escribió: se cambiaron, quitaron o cortaron entradas',
    nextStep:
      'Ejecute `edge-sync audit verify` para ver dónde, guarde una copia de la carpeta de datos y averigüe quién pudo cambiarla. No afecta a las imágenes.',
  },
  'audit-export-broken': {
    message: 'La exportación del registro de auditoría no está como se escribió',
    nextStep: 'Use otra copia; `edge-sync audit verify` sin --against comprueba el propio registro.',
  },
  'backup-broken': {
    message: 'Una copia de la configuración en la nube está dañada o no la hizo este archivo',
    nextStep: 'Se usa la más reciente que se demuestra auténtica; compruebe su número y su fecha.',
  },
  'backup-missing': {
    message: 'No hay ninguna copia de la configuración que se pueda tomar',
    nextStep:
      'Únase con --new: vuelven las claves y las imágenes; la configuración y los emparejamientos se introducen de nuevo.',
  },
  'backup-late': {
    message: 'La configuración, los emparejamientos y los certificados llevan un día sin copia en la nube',
    nextStep: 'Revise el destino con `edge-sync config check`; se vuelve a intentar automáticamente.',
  },
  'join-choose': {
    message: 'Varias instalaciones han escrito en este lugar',
    nextStep: 'Indique una con --installation ID o empiece sin su configuración con --new.',
  },
  'join-not-fresh': {
    message: 'Esta carpeta de datos ya contiene una instalación',
    nextStep: 'Indique otra carpeta con --data-dir o aparte esta; no se ha cambiado nada.',
  },
  'join-unfinished': {
    message: 'La unión al archivo no terminó en este PC',
    nextStep: 'Ejecute de nuevo el mismo `edge-sync join`: continúa donde se detuvo.',
  },
  'archive-key-conflict': {
    message:
      'La clave del archivo en este contenedor no es la de este kit de recuperación, así que las subidas esperan',
    nextStep: 'No borre nada. Use un prefijo vacío para esta instalación o pida ayuda.',
  },
  // status
  'no-destination': {
    message: 'No hay ningún almacenamiento en la nube: las imágenes solo están en este PC',
    nextStep: 'Añada un destino a la configuración.',
  },
  'uploads-paused': {
    message: 'Las subidas están en pausa por un tiempo; la recepción continúa',
    nextStep: 'Continúan por sí solas; `edge-sync uploads resume` termina la pausa ahora.',
  },
  'uploads-outside-window': {
    message: 'Las subidas esperan al horario que permiten los ajustes; la recepción continúa',
    nextStep: 'Continúan por sí solas. El horario está en upload.windows.',
  },
  'uploads-metered': {
    message: 'Esta red cobra por volumen, así que las subidas esperan; la recepción continúa',
    nextStep: 'Conecte a otra red o ponga upload.pauseOnMetered en false.',
  },
  'pending-too-long': {
    message: 'Hay imágenes que esperan su subida más de lo debido',
    nextStep: 'Mire el destino más abajo; las imágenes están a salvo en este PC.',
  },
  'proof-stale': {
    message: 'Hace más de un día que no se comprueba ninguna subida',
    nextStep: 'Mire el destino más abajo.',
  },
  'disk-low': {
    message: 'El disco se está llenando',
    nextStep: 'Libere espacio pronto, antes de que haya que rechazar imágenes.',
  },
  'not-listening': {
    message: 'Los equipos no pueden llegar a Edge Sync en este PC',
    nextStep: 'Arranque Edge Sync de nuevo; si se repite, mire el registro.',
  },
  // one study and its pictures
  'study-unknown': {
    message: 'Este PC no conoce ese estudio',
    nextStep: 'Búsquelo en la lista de estudios; un estudio de otro PC se restaura allí.',
  },
  'preview-hidden': {
    message: 'Se acabó el tiempo para ver este estudio y sus imágenes están ocultas de nuevo',
    nextStep: 'Muéstrelo otra vez; cada vez queda registrada.',
  },
  'preview-not-here': {
    message: 'La copia de esta imagen en este PC dejó sitio después de comprobarse',
    nextStep: 'Tráigala de la nube para verla.',
  },
  'preview-not-shown': {
    message: 'Este tipo de imagen no se puede mostrar aquí',
    nextStep: 'Está guardada tal como llegó. Restaure el estudio y ábralo en un visor DICOM.',
  },
  'preview-too-large': {
    message: 'Esta imagen es demasiado grande para mostrarla aquí',
    nextStep: 'Está guardada tal como llegó. Restaure el estudio y ábralo en un visor DICOM.',
  },
  'preview-damaged': {
    message: 'El equipo envió esta imagen de una forma que no se puede dibujar',
    nextStep:
      'Está guardada exactamente como llegó. Mírela en el equipo y envíela de nuevo si allí también está mal.',
  },
  'preview-decoder-stopped': {
    message: 'Dibujar esta imagen llevó demasiado tiempo o memoria y se detuvo',
    nextStep: 'Inténtelo de nuevo, o restaure el estudio y ábralo en un visor DICOM.',
  },
  'preview-missing': {
    message: 'Aquí no se pueden dibujar imágenes, porque falta la parte que las dibuja',
    nextStep: 'Restaure el estudio y ábralo en un visor DICOM.',
  },
  'preview-busy': {
    message: 'Se están dibujando demasiadas imágenes a la vez',
    nextStep: 'Inténtelo de nuevo en un momento.',
  },
  'web-session': {
    message: 'Esta página necesita un enlace nuevo',
    nextStep: 'Ejecute `edge-sync status --link` o abra la página desde la aplicación.',
  },
  'demo-failed': {
    message: 'La demostración no llegó al final',
    nextStep: 'Ejecute otra vez `npm ci` y `npm run demo`; si se repite, comunique la línea anterior.',
  },
  'share-no-place': {
    message: 'No se ha configurado un lugar para los estudios compartidos',
    nextStep: 'Pida al administrador que lo configure como se indica abajo.',
  },
  'share-place-unfit': {
    message: 'No se pueden compartir estudios a través de este lugar',
    nextStep: 'Use para compartir un contenedor propio, y mejor una cuenta propia; véase docs/sharing.md.',
  },
  'share-browsers-refused': {
    message:
      'El lugar de los estudios compartidos no deja leer a los navegadores: ningún visor podría abrir un enlace',
    nextStep: 'Pulse «Permitir navegadores» o ponga la regla CORS que indica docs/sharing.md.',
  },
  'share-study-unknown': {
    message: 'Aquí no se conoce ninguna imagen de este estudio',
    nextStep: 'Mire la lista de estudios: este ya no está en este PC.',
  },
  'share-too-large': {
    message: 'El estudio tiene demasiadas imágenes para compartirlo de una vez',
    nextStep: 'Restaure el estudio en una carpeta y entréguelo así.',
  },
  'share-expiry-not-allowed': {
    message: 'Un enlace vale de 1 hora a 90 días',
    nextStep: 'Elija uno de los plazos ofrecidos.',
  },
  'share-passcode-weak': {
    message: 'El código es demasiado fácil de adivinar',
    nextStep: 'Elija uno más largo o deje que Edge Sync haga uno.',
  },
  'share-recipient-not-confirmed': {
    message: 'No se ha confirmado el certificado del destinatario',
    nextStep:
      'Compare su huella con el destinatario por teléfono y confírmela, o indíquela con --fingerprint.',
  },
  'share-unknown': {
    message: 'No hay tal estudio compartido',
    nextStep: 'Mire la lista otra vez.',
  },
  'share-not-deleted': {
    message: 'Un estudio compartido que ya terminó no se ha podido borrar todavía de la nube',
    nextStep: 'Se intenta de nuevo; compruebe la conexión con la nube.',
  },
  'share-viewer-missing': {
    message: 'Esta instalación no tiene la página del visor',
    nextStep: 'Instale Edge Sync de nuevo.',
  },
  cancelled: {
    message: 'Cancelado',
    nextStep: 'Empiece de nuevo cuando quiera; no se pierde nada.',
  },
};
