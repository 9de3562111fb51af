import { caretDownIcon } from '@jupyterlab/ui-components';
import React, { useId, useState } from 'react';

/** A part of the panel that folds. */
export function Section(props: {
  title: string;
  name: string;
  children: React.ReactNode;
}): JSX.Element {
  const { title, name, children } = props;
  const [isOpen, setOpen] = useState(true);
  const id = useId();
  return (
    <section className={`jp-RobSection jp-RobSection-${name}`}>
      <h2 className="jp-RobSection-title">
        <button
          type="button"
          aria-expanded={isOpen}
          aria-controls={id}
          onClick={() => setOpen(!isOpen)}
        >
          <caretDownIcon.react
            tag="span"
            className={`jp-RobCaret${isOpen ? '' : ' jp-mod-folded'}`}
          />
          {title}
        </button>
      </h2>
      <div id={id} className="jp-RobSection-body" hidden={!isOpen}>
        {children}
      </div>
    </section>
  );
}

/** An error and the way to try again. */
export function Failure(props: {
  message: string;
  retry: string;
  onRetry: () => void;
}): JSX.Element {
  return (
    <div className="jp-RobFailure" role="alert">
      <p>{props.message}</p>
      <button
        type="button"
        className="jp-mod-styled jp-RobButton"
        onClick={props.onRetry}
      >
        {props.retry}
      </button>
    </div>
  );
}
