import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useId, useRef, useState } from 'react';
import type { RobModel } from '../model';
import type { ISession } from '../protocol';
import { hostOf, serviceName } from '../servicename';
import { CommandIDs } from '../tokens';
import { ISectionProps, useModel } from './props';
import { ProtectionFact } from './protection';
import { Failure } from './section';

type State = 'connecting' | 'error' | 'login' | 'ready';

/** Which service the panel shows, whether it answers, and by a click who one is there. */
export function Header(props: ISectionProps): JSX.Element {
  const { model, trans } = props;
  useModel(model);
  const { session } = model;
  const [isOpen, setOpen] = useState(false);
  const node = useRef<HTMLDivElement>(null);
  const id = useId();
  useOutside(node, isOpen, () => setOpen(false));
  const state = stateOf(model);
  const text = stateText(state, trans);
  // Which server it is: many are simply called ROB.
  const name = session ? hostOf(session) || serviceName(session, trans) : text;
  const username = session?.kind === 'embedded' ? null : session?.username;
  return (
    <div
      ref={node}
      className="jp-RobHeader"
      onKeyDown={event => {
        if (event.key === 'Escape' && isOpen) {
          event.stopPropagation();
          setOpen(false);
          node.current?.querySelector('button')?.focus();
        }
      }}
    >
      <span className="jp-RobHeader-title">{trans.__('ROB')}</span>
      <button
        type="button"
        className="jp-RobHeader-service"
        title={trans.__('The ROB service: %1', text)}
        aria-expanded={isOpen}
        aria-controls={id}
        disabled={!session}
        onClick={() => setOpen(!isOpen)}
      >
        <span
          className="jp-RobDot"
          data-state={state}
          role="img"
          aria-label={text}
        />
        <span className="jp-RobEllipsis">
          {username ? trans.__('%1 · %2', username, name) : name}
        </span>
        <caretDownIcon.react tag="span" className="jp-RobCaret" />
      </button>
      <div id={id} className="jp-RobAccount" hidden={!isOpen}>
        {isOpen && session && (
          <Account
            {...props}
            session={session}
            text={text}
            onDone={() => setOpen(false)}
          />
        )}
      </div>
    </div>
  );
}

/** What there is to know of the service and of who one is there. */
function Account(
  props: ISectionProps & {
    session: ISession;
    text: string;
    onDone: () => void;
  }
): JSX.Element {
  const { session, text, model, commands, trans, onDone } = props;
  const run = (command: string) => {
    onDone();
    void commands.execute(command);
  };
  return (
    <>
      <dl className="jp-RobFacts">
        <dt>{trans.__('Service')}</dt>
        <dd>{trans.__('%1 %2', session.name, session.version)}</dd>
        {hostOf(session) && (
          <>
            <dt>{trans.__('At')}</dt>
            <dd title={session.url ?? undefined}>{hostOf(session)}</dd>
          </>
        )}
        <dt>{trans.__('Status')}</dt>
        <dd>{text}</dd>
        {session.username && (
          <>
            <dt>{trans.__('User')}</dt>
            <dd>
              {session.username}
              {roleText(session, trans)}
            </dd>
          </>
        )}
      </dl>
      {session.kind === 'classic' && (
        <p className="jp-RobHint">
          {trans.__(
            'This server runs scripts: notebooks are sent as Python scripts, and there are no logs.'
          )}
        </p>
      )}
      <ProtectionFact {...props} />
      <div className="jp-RobLinks">
        <button
          type="button"
          className="jp-RobLink"
          onClick={() => run(CommandIDs.refresh)}
        >
          {trans.__('Refresh')}
        </button>
        {model.account.canLogOut && (
          <button
            type="button"
            className="jp-RobLink"
            onClick={() => run(CommandIDs.logOut)}
          >
            {trans.__('Log out')}
          </button>
        )}
      </div>
    </>
  );
}

/** What there is to say while the sections have nothing to show. */
export function ConnectionStatus(props: ISectionProps): JSX.Element | null {
  const { model, trans } = props;
  useModel(model);
  const { session } = model;
  if (model.error) {
    return (
      <Failure
        message={model.error.message}
        retry={trans.__('Retry')}
        onRetry={() => void model.refresh()}
      />
    );
  }
  if (!model.benchmarks && !model.account.needsLogin) {
    return (
      <p className="jp-RobHint" role="status">
        {session && session.kind !== 'embedded'
          ? trans.__('Connecting to %1…', serviceName(session, trans))
          : trans.__('Starting the ROB service…')}
      </p>
    );
  }
  return null;
}

function stateOf(model: RobModel): State {
  if (model.isConnecting) {
    return 'connecting';
  }
  if (model.error) {
    return 'error';
  }
  return model.account.needsLogin ? 'login' : 'ready';
}

function stateText(state: State, trans: TranslationBundle): string {
  switch (state) {
    case 'connecting':
      return trans.__('Connecting');
    case 'error':
      return trans.__('Not available');
    case 'login':
      return trans.__('Not logged in');
    case 'ready':
      return trans.__('Ready');
  }
}

/** A role, where it is more than everyone's. */
function roleText(session: ISession, trans: TranslationBundle): string {
  switch (session.role) {
    case 'coordinator':
      return trans.__(' (coordinator)');
    case 'administrator':
      return trans.__(' (administrator)');
    default:
      return '';
  }
}

/** Call when the user goes elsewhere, by a click or the keyboard. */
function useOutside(
  node: React.RefObject<HTMLElement>,
  isWatched: boolean,
  leave: () => void
): void {
  useEffect(() => {
    if (!isWatched) {
      return;
    }
    const onEvent = (event: Event) => {
      if (!node.current?.contains(event.target as Node)) {
        leave();
      }
    };
    document.addEventListener('pointerdown', onEvent, true);
    document.addEventListener('focusin', onEvent);
    return () => {
      document.removeEventListener('pointerdown', onEvent, true);
      document.removeEventListener('focusin', onEvent);
    };
    // The node is the same throughout.
  }, [isWatched]);
}
