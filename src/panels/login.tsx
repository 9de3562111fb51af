import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useId, useRef, useState } from 'react';
import type { RobModel } from '../model';
import { hostOf, serviceName } from '../servicename';
import { ISectionProps, useModel } from './props';

/** Asks for the name and the password at the service. */
export function LoginForm(props: ISectionProps): JSX.Element {
  const { model, trans } = props;
  const { account } = model;
  useModel(account);
  const { session, isBusy, error } = account;
  const [username, setUsername] = useState(account.username);
  const [password, setPassword] = useState('');
  const [remember, setRemember] = useState(false);
  const [isNew, setNew] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  useCalls(model, form);

  async function send(event: React.FormEvent): Promise<void> {
    event.preventDefault();
    // A missing field has the browser say so: only what is complete comes here.
    setPassword('');
    await account.logIn({
      username: username.trim(),
      password,
      remember,
      ...(isNew && { register: true })
    });
    if (account.error && !account.isDisposed) {
      focus(form.current, 'password');
    }
  }

  return (
    <form
      ref={form}
      className="jp-RobLogin"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-server`}
      aria-busy={isBusy}
      onSubmit={event => void send(event)}
    >
      <h2 id={`${id}-title`}>
        {isNew ? trans.__('Create an account') : trans.__('Log in')}
      </h2>
      <p id={`${id}-server`} className="jp-RobLogin-server">
        <strong>{serviceName(session, trans)}</strong>
        {hostOf(session) && <span>{hostOf(session)}</span>}
      </p>
      <Pending {...props} />
      <Field label={trans.__('User name')} id={`${id}-name`}>
        <input
          id={`${id}-name`}
          className="jp-mod-styled jp-RobInput"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          maxLength={64}
          readOnly={isBusy}
          value={username}
          onChange={event => setUsername(event.currentTarget.value)}
        />
      </Field>
      <Field label={trans.__('Password')} id={`${id}-password`}>
        <input
          id={`${id}-password`}
          className="jp-mod-styled jp-RobInput"
          name="password"
          type="password"
          autoComplete={isNew ? 'new-password' : 'current-password'}
          required
          minLength={isNew ? 8 : undefined}
          aria-describedby={isNew ? `${id}-rule` : undefined}
          readOnly={isBusy}
          value={password}
          onChange={event => setPassword(event.currentTarget.value)}
        />
        {isNew && (
          <p id={`${id}-rule`} className="jp-RobHint">
            {trans.__('At least 8 characters')}
          </p>
        )}
      </Field>
      <label
        className="jp-RobLogin-remember"
        title={trans.__(
          'The Jupyter server keeps a token, never the password, in a file that only you can read'
        )}
      >
        <input
          type="checkbox"
          name="remember"
          checked={remember}
          disabled={isBusy}
          onChange={event => setRemember(event.currentTarget.checked)}
        />
        {trans.__('Remember on this server')}
      </label>
      <button
        type="submit"
        className="jp-mod-styled jp-mod-accept jp-RobSubmit"
        disabled={isBusy}
      >
        {buttonText(isNew, isBusy, trans)}
      </button>
      <div role="alert">
        {error && <p className="jp-RobLogin-error">{error.message}</p>}
      </div>
      {session?.registration && (
        <button
          type="button"
          className="jp-RobLink"
          disabled={isBusy}
          onClick={() => {
            setNew(!isNew);
            setPassword('');
            account.forgetError();
            focus(form.current, username ? 'password' : 'username');
          }}
        >
          {isNew
            ? trans.__('Log in with an account that exists')
            : trans.__('Create an account')}
        </button>
      )}
    </form>
  );
}

function Field(props: {
  label: string;
  id: string;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <div className="jp-RobLogin-field">
      <label htmlFor={props.id}>{props.label}</label>
      {props.children}
    </div>
  );
}

/** Says what will be done after the log-in, and lets go of it. */
function Pending(props: ISectionProps): JSX.Element | null {
  const { model, trans } = props;
  useModel(model);
  const { pending } = model;
  if (!pending) {
    return null;
  }
  return (
    <div className="jp-RobLogin-pending" role="status">
      <p>
        {trans.__(
          '%1 is submitted after the log-in, as it is then.',
          pending.name
        )}
      </p>
      <button
        type="button"
        className="jp-RobLink"
        onClick={() => model.dropPending()}
      >
        {trans.__('Do not submit')}
      </button>
    </div>
  );
}

/** Take the focus when the user asked for the form, or was in the panel when it came. */
function useCalls(
  model: RobModel,
  form: React.RefObject<HTMLFormElement>
): void {
  const { calls } = model.account;
  const answered = useRef(0);
  useEffect(() => {
    const panel = form.current?.closest('.jp-RobPanel');
    const isHere = answered.current === 0 && isFocused(panel);
    if (calls > answered.current || isHere) {
      focus(form.current, model.account.username ? 'password' : 'username');
    }
    answered.current = calls;
  }, [model, form, calls]);
}

function isFocused(node: Element | null | undefined): boolean {
  return node?.contains(document.activeElement) ?? false;
}

function focus(
  form: HTMLFormElement | null,
  name: 'username' | 'password'
): void {
  form?.querySelector<HTMLElement>(`[name=${name}]`)?.focus();
}

function buttonText(
  isNew: boolean,
  isBusy: boolean,
  trans: TranslationBundle
): string {
  if (isNew) {
    return isBusy
      ? trans.__('Creating the account…')
      : trans.__('Create the account and log in');
  }
  return isBusy ? trans.__('Logging in…') : trans.__('Log in');
}
