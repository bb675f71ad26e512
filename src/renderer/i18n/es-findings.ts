import type { FindingWords } from '../../shared/credential-findings.ts';

export const esFindings: FindingWords = {
  sentences: {
    'account-key':
      'Una clave de cuenta puede hacerlo todo en toda la cuenta de almacenamiento, incluso borrar contenedores: use una firma de acceso compartido o una aplicación registrada (docs/cloud-setup.md).',
    'entra-role':
      'Lo que puede hacer la aplicación depende de su rol en el portal y no se puede consultar: «Storage Blob Data Contributor» también puede borrar (docs/cloud-setup.md).',
    'can-protected': 'La credencial puede {can} objetos, pero {how}.',
    'can-unprotected':
      'La credencial puede {can} objetos y nada los protege: active las versiones o la inmutabilidad, o use una credencial más limitada (docs/cloud-setup.md).',
    'can-unknown':
      'La credencial puede {can} objetos y no puede ver si algo los protege: compruebe usted las versiones y la inmutabilidad (docs/cloud-setup.md).',
    'add-and-read-only': 'La credencial puede añadir y leer; no puede borrar ni sobrescribir.',
    container: 'Contenedor: {how}.',
    bucket: 'Bucket: {how}.',
    'stored-policy':
      'Lo que permite la firma está en una directiva de acceso almacenada y no se puede ver desde aquí.',
    'right-missing': 'A la firma le falta un permiso necesario: {letters}.',
    'rights-beyond': 'La firma permite más de lo necesario: quite {letters}.',
    'plain-http': 'La firma puede usarse por http sin cifrar: limítela a https.',
    'signature-ended': 'La firma ha caducado: cree una nueva.',
    'signature-ends': 'La firma caduca en {days} días y entonces se detienen las subidas. Guarde otra antes.',
    folder:
      'Quien puede escribir en una carpeta puede borrar en ella: guarde instantáneas del recurso que este PC no pueda borrar (docs/cloud-setup.md).',
    'other-archive': 'En este lugar ya hay otro archivo de Edge Sync.',
  },
  verbs: {
    delete: 'borrar',
    'delete-versions': 'borrar versiones de',
    'delete-for-good': 'borrar definitivamente',
    move: 'mover',
    'change-rights': 'cambiar los permisos de',
    'change-owner': 'cambiar el propietario de',
    'change-immutability': 'cambiar la inmutabilidad de',
    overwrite: 'sobrescribir',
  },
  hows: {
    'immutability-policy': 'hay una directiva de inmutabilidad activa',
    'legal-hold': 'hay una retención legal activa',
    'versions-kept': 'se guardan las versiones anteriores',
    'lock-compliance': 'el bloqueo de objetos conserva todas las versiones (compliance)',
    'lock-governance': 'el bloqueo de objetos conserva todas las versiones (governance)',
    'nothing-kept': 'no se guardan versiones ni hay una directiva de inmutabilidad',
    'no-versions': 'no se guardan versiones',
    'not-to-be-seen': 'esta credencial no puede ver si se guardan versiones',
  },
  and: 'y',
};
