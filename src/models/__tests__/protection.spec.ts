import { StateDB } from '@jupyterlab/statedb';
import { json, makeSession, makeShared, Server } from '../../__tests__/server';
import { ProtectionModel } from '../protection';

const STATUS = 'GET api/v1/status';
const OWN = makeSession();
const SHARED = makeShared();

describe('ProtectionModel', () => {
  let server: Server;
  let state: StateDB;
  let model: ProtectionModel;

  function tell(message: string | null, kind: string | null = null): void {
    server.answers[STATUS] = { kind: 'shared', sandbox: { kind, message } };
  }

  /** As after the page was loaded again. */
  async function reload(session = SHARED): Promise<void> {
    model?.dispose();
    model = new ProtectionModel(server.service, state);
    await model.refresh(session);
  }

  beforeEach(() => {
    server = new Server();
    state = new StateDB();
    tell('Notebooks can read all.');
  });

  afterEach(() => model.dispose());

  it('should tell what is not protected', async () => {
    await reload();
    expect(model.warning).toBe('Notebooks can read all.');
    expect(model.news).toBe(model.warning);
  });

  it.each([
    ['there is a sandbox', { sandbox: { kind: 'bubblewrap', message: null } }],
    ['the service says nothing', { sandbox: { kind: null, message: null } }],
    ['the service knows no sandbox', { kind: 'shared' }],
    ['the service refuses', () => json({ message: 'No.' }, 404)]
  ])('should have nothing to tell when %s', async (_, answer) => {
    server.answers[STATUS] = answer;
    await reload();
    expect(model.warning).toBeNull();
    expect(model.news).toBeNull();
  });

  it('should not ask a classic server', async () => {
    await reload(makeSession({ kind: 'classic' }));
    expect(server.asked).toEqual([]);
  });

  it('should be no news once it was read, until its words change', async () => {
    await reload();
    await model.dismiss();
    expect(model.news).toBeNull();
    expect(model.warning).not.toBeNull();
    await reload();
    expect(model.news).toBeNull();
    tell('Notebooks can read more.');
    await reload();
    expect(model.news).toBe('Notebooks can read more.');
  });

  it('should be told once on the own machine', async () => {
    await reload(OWN);
    await model.dismiss();
    tell('Other words.');
    await reload(OWN);
    expect(model.warning).toBe('Other words.');
    expect(model.news).toBeNull();
  });

  it('should be told of each service', async () => {
    await reload(OWN);
    await model.dismiss();
    await reload(SHARED);
    expect(model.news).not.toBeNull();
  });

  it('should stay beside a first submission, and go with the next', async () => {
    await reload();
    await model.pass();
    await model.refresh(SHARED);
    expect(model.news).not.toBeNull();
    await model.pass();
    expect(model.news).toBeNull();
    await reload();
    expect(model.news).toBeNull();
  });
});
