/** Elegir una ruta de este PC en la ventana propia del escritorio (solo la app). */
export const esPathChoice = {
  choose: 'Elegir…',
  chooseFor: 'Elegir… ({{field}})',
  addFile: 'Añadir un archivo…',
  addFolder: 'Añadir una carpeta…',
  failed: 'La ventana para elegir no se abrió. Escriba la ruta.',
  unusable:
    'Este nombre empieza o termina con un espacio, o tiene caracteres que no se pueden usar aquí. Cámbielo, o elija otro lugar.',
};
