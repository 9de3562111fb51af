import { caretDownIcon } from '@jupyterlab/ui-components';
import React, {
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState
} from 'react';
import { RunLogModel } from '../models/runlog';
import type { IRun } from '../protocol';
import { CommandIDs } from '../tokens';
import { ISectionProps, useModel } from './props';

/** How close to the end a reader is to be taken along, in pixels. */
const NEAR = 8;

/** A run's log: its end by a click, at once while it runs, and the way to all of it. */
export function RunLog(props: ISectionProps & { run: IRun }): JSX.Element {
  const { run, model, commands, trans } = props;
  const { account, benchmark } = model;
  const isCoordinator =
    benchmark?.id === run.workflowId &&
    benchmark.isCoordinator === true &&
    account.can('coordinator-log');
  const [isOpen, setOpen] = useState(run.state === 'RUNNING');
  const id = useId();
  return (
    <div className="jp-RobRunLog">
      <div className="jp-RobRunLog-head">
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
          {trans.__('Log')}
        </button>
        {isCoordinator && (
          <button
            type="button"
            className="jp-RobLink"
            title={trans.__(
              "Open what the benchmark's own steps printed, for its coordinators"
            )}
            onClick={() =>
              void commands.execute(CommandIDs.openLog, {
                run: run.id,
                part: 'coordinator'
              })
            }
          >
            {trans.__("Benchmark's steps")}
          </button>
        )}
        <button
          type="button"
          className="jp-RobLink"
          title={trans.__('Open the whole log')}
          onClick={() =>
            void commands.execute(CommandIDs.openLog, { run: run.id })
          }
        >
          {trans.__('Whole log')}
        </button>
      </div>
      <div id={id} hidden={!isOpen}>
        {isOpen && <LogEnd {...props} />}
      </div>
    </div>
  );
}

/** Follows the log as long as it is shown. */
function LogEnd(props: ISectionProps & { run: IRun }): JSX.Element | null {
  const { run, model } = props;
  const [log, setLog] = useState<RunLogModel | null>(null);
  useEffect(() => {
    const isWatched = () => model.isVisible && !document.hidden;
    const { service, runs } = model;
    const followed = new RunLogModel(service, runs, run.id, isWatched);
    const check = () => followed.check();
    document.addEventListener('visibilitychange', check);
    setLog(followed);
    return () => {
      document.removeEventListener('visibilitychange', check);
      followed.dispose();
    };
  }, [model, run.id]);
  return log && <LogText log={log} {...props} />;
}

/** The text, and nothing but text; its end is in view until the reader goes up. */
function LogText(
  props: ISectionProps & { log: RunLogModel }
): JSX.Element | null {
  const { log, trans } = props;
  useModel(log);
  const { text, error, isCut } = log;
  const node = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  const height = useRef(0);
  const follow = () => {
    if (node.current) {
      height.current = node.current.scrollHeight;
      if (follows.current) {
        node.current.scrollTop = height.current;
      }
    }
  };
  useLayoutEffect(follow, [text]);
  return (
    <>
      {error && <p className="jp-RobHint">{error.message}</p>}
      {text === '' && !error && (
        <p className="jp-RobHint">{trans.__('Nothing has been printed.')}</p>
      )}
      {text && (
        <pre
          ref={node}
          className="jp-RobRunLog-text"
          role="log"
          // Read out at each change it would be noise.
          aria-live="off"
          aria-label={trans.__('The end of the log')}
          tabIndex={0}
          onScroll={event => {
            const { clientHeight, scrollHeight, scrollTop } =
              event.currentTarget;
            if (scrollHeight === height.current) {
              follows.current = scrollTop + clientHeight >= scrollHeight - NEAR;
            } else {
              // Not the reader went up, but the lines are broken otherwise.
              follow();
            }
          }}
        >
          {isCut && '…\n'}
          {text}
        </pre>
      )}
    </>
  );
}
