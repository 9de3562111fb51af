import { FormComponent } from '@jupyterlab/ui-components';
import type { JSONObject, ReadonlyJSONObject } from '@lumino/coreutils';
import { customizeValidator } from '@rjsf/validator-ajv8';
import React, { useMemo } from 'react';
import type { SubmissionModel } from '../models/submission';
import { defaultArguments, toJSONSchema } from '../models/parameters';
import type { IParameter } from '../protocol';

const validator = customizeValidator<ReadonlyJSONObject>();

/** The form itself; loaded when it is opened, for its validator is large. */
export default function ParameterForm(props: {
  parameters: IParameter[];
  submission: SubmissionModel;
}): JSX.Element {
  const { parameters, submission } = props;
  const schema = useMemo(() => toJSONSchema(parameters), [parameters]);
  const context = useMemo(
    () => ({ defaultFormData: defaultArguments(parameters) }),
    [parameters]
  );
  return (
    <FormComponent
      schema={schema}
      uiSchema={{ 'ui:order': parameters.map(({ name }) => name) }}
      validator={validator}
      formData={submission.arguments}
      formContext={context}
      liveValidate
      noHtml5Validate
      showErrorList={false}
      tagName="div"
      idPrefix="jp-rob-parameter"
      onChange={event => {
        submission.arguments = event.formData as JSONObject;
      }}
    />
  );
}
