import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon } from '@jupyterlab/ui-components';
import React, { lazy, Suspense, useId, useMemo, useState } from 'react';
import { formatArgument } from '../format';
import type { SubmissionModel } from '../models/submission';
import {
  changedArguments,
  formParameters,
  labelOf,
  unsupportedParameters
} from '../models/parameters';
import type { IBenchmarkDetail } from '../protocol';
import { useModel } from './props';

const ParameterForm = lazy(() => import('./parameterform'));

/** The form for a benchmark's parameters, folded until it is asked for. */
export function Parameters(props: {
  benchmark: IBenchmarkDetail;
  submission: SubmissionModel;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { benchmark, submission, trans } = props;
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const parameters = useMemo(() => formParameters(benchmark), [benchmark]);
  useModel(submission);
  const changed = changedArguments(parameters, submission.arguments)
    .map(([name, value]) => `${name} = ${formatArgument(value)}`)
    .join(', ');
  const missing = unsupportedParameters(benchmark);
  return (
    <>
      {missing.length > 0 && (
        <p className="jp-RobHint">
          {trans.__(
            'This benchmark also asks for %1, which the panel can not give yet.',
            missing.map(labelOf).join(', ')
          )}
        </p>
      )}
      {parameters.length > 0 && (
        <>
          <button
            type="button"
            className="jp-RobDisclosure"
            aria-expanded={isOpen}
            aria-controls={id}
            onClick={() => setOpen(!isOpen)}
          >
            <caretDownIcon.react
              tag="span"
              className={`jp-RobCaret${isOpen ? '' : ' jp-mod-folded'}`}
            />
            <span className="jp-RobEllipsis" title={changed || undefined}>
              {isOpen || !changed
                ? trans.__('Parameters (%1)', parameters.length)
                : trans.__('Parameters (%1): %2', parameters.length, changed)}
            </span>
          </button>
          <div id={id} className="jp-RobForm" hidden={!isOpen}>
            {isOpen && (
              <Suspense fallback={null}>
                <ParameterForm
                  parameters={parameters}
                  submission={submission}
                />
              </Suspense>
            )}
          </div>
        </>
      )}
    </>
  );
}
