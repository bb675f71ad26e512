/** The names that page, preload and shell agree on. Everything else goes over the message port, by the contract. */

/** Page's preload -> shell: "give me a port". */
export const connectChannel = 'edge-sync:connect';
/** Shell -> preload -> page: here it is. Also the `data` of the window message that carries it. */
export const portChannel = 'edge-sync:port';
/**
 * Page's preload -> shell, answered: "let a person choose a path". Its one argument is a `PathPurpose`, its answer a
 * `PathAnswer` (src/shared/path-choice.ts); whatever is refused rejects.
 */
export const choosePathChannel = 'edge-sync:choose-path';
