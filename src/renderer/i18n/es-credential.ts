/** Qué es una credencial, según para qué sirve. */
export const esCredential = {
  title: 'Credencial de «{{name}}»',
  kinds: {
    azure: {
      label: 'Cadena de conexión, dirección con firma o secreto de cliente',
      intro:
        'Del portal de la nube, completa: la que se eligió de las tres al configurar este almacenamiento.',
    },
    s3: {
      label: 'Clave de acceso: ID:SECRETO',
      intro:
        'El ID de la clave de acceso, dos puntos y su secreto, como los da el proveedor del almacenamiento.',
    },
    dicomweb: {
      label: 'USUARIO:CONTRASEÑA, token o clave privada',
      intro:
        'Lo que se eligió al configurar el PACS: usuario y contraseña con dos puntos entre ellos, un token de portador o la clave privada (PEM) del certificado.',
    },
    proxy: {
      label: 'USUARIO:CONTRASEÑA',
      intro: 'Usuario y contraseña del proxy, con dos puntos entre ellos.',
    },
    smtp: { label: 'Contraseña', intro: 'La contraseña del servidor de correo.' },
    'alerts-webhook': {
      label: 'Secreto',
      intro: 'El secreto que firma el webhook. Quien lo recibe tiene que conocer el mismo.',
    },
    other: { label: 'Credencial', intro: 'Como se la dieron, completa.' },
  },
  kept: 'Se guarda en el almacén de claves de este PC y no se vuelve a mostrar.',
  save: 'Guardar',
  stored: 'La credencial está guardada.',
};
