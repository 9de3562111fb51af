import React, { act } from 'react';
import { json, makeSession, makeShared } from '../../__tests__/server';
import { CommandIDs } from '../../tokens';
import { ConnectionStatus, Header } from '../header';
import { LoginForm } from '../login';
import { ISectionProps, useModel } from '../props';
import { Stage } from './stage';

const LOGIN = makeShared({ state: 'login', username: null });

let stage: Stage;
let node: HTMLElement;

/** The form while it is wanted, as the panel shows it. */
function Form(props: ISectionProps): JSX.Element | null {
  useModel(props.model);
  return props.model.account.needsLogin ? <LoginForm {...props} /> : null;
}

async function send(): Promise<void> {
  const form = node.querySelector('form');
  await act(async () => form?.requestSubmit());
}

/** The answer to a log-in, and from then on the session. */
function logIn(): object {
  return (stage.server.answers['GET session'] = makeShared());
}

beforeEach(() => {
  stage = new Stage();
  node = stage.node;
});

afterEach(() => stage.dispose());

describe('Header', () => {
  it('should name the embedded service', async () => {
    await stage.model.refresh();
    await stage.show(Header);
    expect(node.textContent).toContain('My machine');
    expect(node.textContent).not.toContain('alice');
    expect(node.querySelector('.jp-RobDot')?.getAttribute('aria-label')).toBe(
      'Ready'
    );
  });

  it('should tell who one is at which service, and log out', async () => {
    stage.server.answers['GET session'] = makeShared({ role: 'coordinator' });
    await stage.model.refresh();
    await stage.show(Header);
    const service = node.querySelector('.jp-RobHeader-service');
    expect(service?.textContent).toBe('alice · rob.example.org:5000');
    expect(service?.getAttribute('aria-expanded')).toBe('false');
    await stage.click(service);
    expect(service?.getAttribute('aria-expanded')).toBe('true');
    const facts = node.querySelector('dl')?.textContent;
    expect(facts).toContain('Group ROB 0.1.0');
    expect(facts).toContain('alice (coordinator)');
    await stage.click(stage.button('Log out'));
    expect(stage.executed).toEqual([[CommandIDs.logOut, {}]]);
    expect(node.querySelector('dl')).toBeNull();
  });

  it('should offer no log-out where there is no log-in', async () => {
    await stage.model.refresh();
    await stage.show(Header);
    await stage.click(node.querySelector('.jp-RobHeader-service'));
    expect(stage.button('Refresh')).not.toBeNull();
    expect(stage.button('Log out')).toBeNull();
  });

  it('should fold when the user goes elsewhere', async () => {
    await stage.model.refresh();
    await stage.show(Header);
    const service = node.querySelector<HTMLElement>('.jp-RobHeader-service');
    await stage.click(service);
    const escape = new KeyboardEvent('keydown', {
      key: 'Escape',
      bubbles: true
    });
    await act(async () => stage.button('Refresh')?.dispatchEvent(escape));
    expect(node.querySelector('dl')).toBeNull();
    expect(document.activeElement).toBe(service);
    await stage.click(service);
    await act(async () => document.dispatchEvent(new Event('focusin')));
    expect(node.querySelector('dl')).toBeNull();
  });
});

describe('ConnectionStatus', () => {
  it('should tell why there is no service, and try again', async () => {
    stage.server.answers['GET session'] = json({ message: 'No room.' }, 503);
    await stage.model.refresh();
    await stage.show(ConnectionStatus);
    expect(node.querySelector('[role=alert]')?.textContent).toContain(
      'No room.'
    );
    stage.server.answers['GET session'] = makeSession();
    await stage.click(stage.button('Retry'));
    await act(() => stage.model.refresh());
    expect(node.textContent).toBe('');
  });
});

describe('LoginForm', () => {
  beforeEach(async () => {
    stage.server.answers['GET session'] = LOGIN;
    await stage.model.refresh();
    await stage.show(Form);
  });

  it('should tell which server asks', () => {
    expect(node.textContent).toContain('Group ROB');
    expect(node.textContent).toContain('rob.example.org:5000');
  });

  it('should let password managers fill it in', () => {
    expect(stage.input('username').autocomplete).toBe('username');
    expect(stage.input('password').autocomplete).toBe('current-password');
    expect(stage.input('password').type).toBe('password');
    for (const input of node.querySelectorAll('input')) {
      expect(input.labels).toHaveLength(1);
    }
  });

  it('should log in, and keep the password nowhere', async () => {
    stage.server.answers['POST session'] = logIn;
    await stage.type('username', ' alice ');
    await stage.type('password', ' s3cret');
    await stage.click(stage.input('remember'));
    await send();
    const asked = stage.server.asked.find(
      ({ route }) => route === 'POST session'
    );
    expect(asked?.body).toEqual({
      username: 'alice',
      password: ' s3cret',
      remember: true
    });
    await act(() => stage.model.refresh());
    expect(node.querySelector('form')).toBeNull();
    expect(stage.model.benchmark?.id).toBe('b1');
    expect(JSON.stringify(await stage.state.toJSON())).not.toContain('s3cret');
    const { account } = stage.model;
    expect(JSON.stringify(account.session)).not.toContain('s3cret');
  });

  it('should tell a refusal and empty the password', async () => {
    const message = 'User name or password is wrong.';
    stage.server.answers['POST session'] = () => json({ message }, 403);
    await stage.type('username', 'alice');
    await stage.type('password', 'wrong');
    await send();
    expect(node.querySelector('[role=alert]')?.textContent).toBe(message);
    expect(stage.input('username').value).toBe('alice');
    expect(stage.input('password').value).toBe('');
    expect(document.activeElement).toBe(stage.input('password'));
    expect(stage.model.account.needsLogin).toBe(true);
  });

  it('should be busy until it is answered, and be sent once', async () => {
    let answer: (session: object) => void = () => undefined;
    stage.server.answers['POST session'] = () =>
      new Promise(resolve => {
        answer = resolve;
      });
    await stage.type('username', 'alice');
    await stage.type('password', 's3cret');
    await send();
    expect(stage.button('Logging in…')?.disabled).toBe(true);
    expect(node.querySelector('form')?.getAttribute('aria-busy')).toBe('true');
    await stage.model.account.logIn({ username: 'alice', password: 'again' });
    expect(stage.server.count('POST session')).toBe(1);
    await act(async () => answer(logIn()));
    expect(node.querySelector('form')).toBeNull();
  });

  it('should take the focus when it is asked for', async () => {
    expect(document.activeElement).toBe(document.body);
    await act(async () => stage.model.account.call());
    expect(document.activeElement).toBe(stage.input('username'));
  });

  it('should offer an account only where everyone can make one', async () => {
    expect(stage.button('Create an account')).toBeNull();
    stage.server.answers['GET session'] = { ...LOGIN, registration: true };
    await act(() => stage.model.refresh());
    await stage.click(stage.button('Create an account'));
    expect(stage.input('password').autocomplete).toBe('new-password');
    stage.server.answers['POST session'] = makeShared({ username: 'carol' });
    await stage.type('username', 'carol');
    await stage.type('password', 'long enough');
    await send();
    const asked = stage.server.asked.find(
      ({ route }) => route === 'POST session'
    );
    expect(asked?.body).toMatchObject({ username: 'carol', register: true });
  });
});
