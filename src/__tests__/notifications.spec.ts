import { Notification } from '@jupyterlab/apputils';
import type { Event, ServiceManager } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Stream } from '@lumino/signaling';
import { RobModel } from '../model';
import { announceEnds } from '../notifications';
import {
  makeBenchmark,
  makeRun,
  makeSession,
  Notebook,
  Server
} from './server';

describe('announceEnds()', () => {
  let server: Server;
  let model: RobModel;

  beforeEach(async () => {
    server = new Server({
      'GET session': makeSession(),
      'GET api/v1/workflows': { workflows: [makeBenchmark()] },
      'GET api/v1/workflows/b1': makeBenchmark(),
      'POST submit': { run: makeRun() }
    });
    model = new RobModel({
      service: server.service,
      notebook: new Notebook(),
      state: null,
      events: new Stream<ServiceManager['events'], Event.Emission>(
        {} as ServiceManager['events']
      )
    });
    await model.connect();
    await model.submit();
    const trans = nullTranslator.load('jupyterlab_rob');
    announceEnds(new CommandRegistry(), model, trans);
  });

  afterEach(() => {
    model.dispose();
    Notification.dismiss();
  });

  it.each([
    ['predict', ['Show cell']],
    ['evaluate', []]
  ])('should lead to the cell of a notebook: %s', async (step, labels) => {
    const cause = {
      kind: 'notebook',
      step,
      cell: 2,
      cellId: null,
      ename: 'KeyError',
      evalue: 'auc',
      message: 'It failed.'
    };
    server.answers['GET api/v1/runs/r1'] = makeRun({ state: 'ERROR', cause });
    await model.runs.receive({
      run: 'r1',
      benchmark: 'b1',
      submission: 'g1',
      state: 'ERROR'
    });
    const [told] = Notification.manager.notifications;
    expect(told.type).toBe('error');
    expect(told.options.actions?.map(({ label }) => label)).toEqual(labels);
  });
});
