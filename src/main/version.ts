/** Kept equal to package.json by a test: bundles do not carry package.json. */
export const version = '0.1.0';
