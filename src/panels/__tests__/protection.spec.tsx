import { Header } from '../header';
import { SubmitSection } from '../submit';
import { EVIL, Stage } from './stage';

const STATUS = 'GET api/v1/status';

let stage: Stage;
let node: HTMLElement;

beforeEach(() => {
  stage = new Stage();
  ({ node } = stage);
});

afterEach(() => stage.dispose());

describe('ProtectionNews', () => {
  it('should say what is not protected, until it was read', async () => {
    stage.server.answers[STATUS] = { sandbox: { kind: null, message: EVIL } };
    await stage.model.refresh();
    await stage.show(SubmitSection);
    const note = () => node.querySelector('[role=note]');
    expect(note()?.textContent).toContain(`Runs have no sandbox. ${EVIL}`);
    expect(node.querySelector('img')).toBeNull();
    await stage.click(stage.button('Understood'));
    expect(note()).toBeNull();
    expect(stage.button('Submit notebook')?.disabled).toBe(false);
  });

  it('should be silent in a sandbox', async () => {
    stage.server.answers[STATUS] = {
      sandbox: { kind: 'bubblewrap', message: null }
    };
    await stage.model.refresh();
    await stage.show(SubmitSection);
    expect(node.querySelector('[role=note]')).toBeNull();
  });
});

describe('ProtectionFact', () => {
  it('should be found in the header after it was read, too', async () => {
    stage.server.answers[STATUS] = { sandbox: { kind: null, message: EVIL } };
    await stage.model.refresh();
    await stage.model.protection.dismiss();
    await stage.show(Header);
    await stage.click(node.querySelector('.jp-RobHeader-service'));
    expect(node.querySelector('[role=note]')?.textContent).toContain(EVIL);
  });

  it('should be absent where nothing is known', async () => {
    await stage.model.refresh();
    await stage.show(Header);
    await stage.click(node.querySelector('.jp-RobHeader-service'));
    expect(node.querySelector('[role=note]')).toBeNull();
  });
});
