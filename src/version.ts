/** Kept equal to package.json's by a test: reading that file at run time would find it in a different place in dist/. */
export const VERSION = '0.1.0'
