/** What is wrong with a template, or with what it was given. */

/** Thrown while a template is read or rendered; its message is a sentence. */
export class TemplateError extends Error {}
