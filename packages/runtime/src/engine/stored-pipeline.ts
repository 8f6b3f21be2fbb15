/**
 * A pipeline without the code that made it: its document, with refs to parameters, and what is known of the
 * parameters.
 */
import { bindSpec, type JsonObject, type KTPipelineInput, type StandardSchema } from '@kube-transform/sdk';

/** What a run can be made of: a pipeline as the builder gives it, or one that was stored. */
export interface Runnable {
  readonly name: string;
  readonly params: StandardSchema | undefined;
  /** The document; parameters stay refs unless values are given. */
  toSpec(params?: JsonObject): KTPipelineInput;
}

/** A pipeline from its document and the schema of its parameters. */
export const storedPipeline = (spec: KTPipelineInput, params: StandardSchema | undefined): Runnable => ({
  name: spec.name,
  params,
  toSpec: values => (values === undefined ? spec : bindSpec(spec, values)),
});

/** True for what makes documents; false for a document. */
export const isRunnable = (value: Runnable | KTPipelineInput): value is Runnable =>
  'toSpec' in value && typeof value.toSpec === 'function';
