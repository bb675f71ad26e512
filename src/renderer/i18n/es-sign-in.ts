/** El inicio de sesión de una persona en Entra para un almacenamiento. */
export const esSignIn = {
  title: 'Iniciar sesión en Entra para «{{name}}»',
  button: 'Iniciar sesión en Entra…',
  instead: '¿Este almacenamiento se configuró para que inicie sesión una persona?',
  asking: 'Pidiendo un código…',
  open: 'Abra esta dirección en cualquier navegador, en este PC o en otro aparato:',
  address: 'Dirección',
  enter: 'Introduzca allí este código e inicie sesión con la cuenta que puede escribir en el almacenamiento:',
  code: 'Código',
  waiting: 'Esperando a que lo haga. El código vale unos 15 minutos.',
  done: 'Sesión iniciada.',
  doneAs: 'Sesión iniciada como {{account}}.',
  renewed: 'Desde ahora se renueva sola; las subidas siguen.',
  again: 'Pedir un código nuevo',
};
