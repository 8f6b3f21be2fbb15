/** What is wrong with a template, or with what it was given. */

/** Thrown while a template is read or rendered; its message is a sentence. */
export class TemplateError extends Error {}

/** Thrown where a template asks for what was not given. */
export class MissingValue extends TemplateError {}
