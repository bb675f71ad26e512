/** Elements in one call, and nothing more: text is always text. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
type Handlers = Readonly<{
  [K in keyof HTMLElementEventMap as `on:${K}`]?: (event: HTMLElementEventMap[K]) => void;
}>;

export type Child = Node | string | undefined;

/**
 * Attributes with the value `true` are empty, with `false` or undefined left out; `on:click` and the like listen.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  children: readonly Child[] = [],
  handlers: Handlers = {},
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false)
      element.setAttribute(key, value === true ? '' : String(value));
  }
  for (const [key, handler] of Object.entries(handlers)) {
    element.addEventListener(key.slice('on:'.length), handler as EventListener);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

export function button(label: string, onPress: () => void, attributes: Attributes = {}): HTMLButtonElement {
  return h('button', { type: 'button', class: 'button', ...attributes }, [label], { 'on:click': onPress });
}

export function labelled(label: string, control: HTMLElement): HTMLLabelElement {
  return h('label', { class: 'labelled' }, [h('span', {}, [label]), control]);
}

export function select<T extends string>(
  options: readonly { readonly value: T; readonly label: string }[],
  value: T,
  onChange: (value: T) => void,
): HTMLSelectElement {
  const element = h(
    'select',
    {},
    options.map((option) =>
      h('option', { value: option.value, selected: option.value === value }, [option.label]),
    ),
  );
  element.addEventListener('change', () => onChange(element.value as T));
  return element;
}

/** For sighted people it stands there, to others it is read out when it changes. */
export function liveText(className: string): HTMLElement {
  return h('p', { class: className, role: 'status', 'aria-live': 'polite' });
}
