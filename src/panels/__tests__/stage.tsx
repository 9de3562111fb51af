import type { Event, ServiceManager } from '@jupyterlab/services';
import { StateDB } from '@jupyterlab/statedb';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Stream } from '@lumino/signaling';
import React, { act } from 'react';
import { createRoot, Root } from 'react-dom/client';
import {
  makeBenchmark,
  makeBoard,
  makeSession,
  Notebook,
  Server
} from '../../__tests__/server';
import { RobModel } from '../../model';
import { CommandIDs } from '../../tokens';
import type { ISectionProps } from '../props';

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

/** What must never become HTML. */
export const EVIL = '<img src=x onerror=alert(1)>';

/** A model and a part of the panel that shows it; commands are only noted. */
export class Stage {
  constructor() {
    this.server = new Server({
      'GET session': makeSession(),
      'GET api/v1/workflows': { workflows: [makeBenchmark()] },
      'GET api/v1/workflows/b1': makeBenchmark({ description: EVIL }),
      'GET api/v1/workflows/b1/leaderboard': makeBoard(['bob', 'alice', EVIL]),
      'GET api/v1/workflows/b1/runs?limit=50': { runs: [] }
    });
    this.state = new StateDB();
    this.model = new RobModel({
      service: this.server.service,
      notebook: this.notebook,
      state: this.state,
      events: new Stream<ServiceManager['events'], Event.Emission>(
        {} as ServiceManager['events']
      )
    });
    const commands = new CommandRegistry();
    for (const id of Object.values(CommandIDs)) {
      commands.addCommand(id, {
        execute: args => this.executed.push([id, args])
      });
    }
    const trans = nullTranslator.load('jupyterlab_rob');
    this.props = { model: this.model, commands, trans };
    this.node = document.body.appendChild(document.createElement('div'));
    this.node.className = 'jp-RobPanel';
    this._root = createRoot(this.node);
  }

  readonly server: Server;
  readonly notebook = new Notebook();
  readonly state: StateDB;
  readonly model: RobModel;
  readonly props: ISectionProps;
  readonly node: HTMLElement;
  readonly executed: [string, unknown][] = [];

  async dispose(): Promise<void> {
    await act(async () => this._root.unmount());
    this.node.remove();
    this.model.dispose();
  }

  async show(
    Section: (props: ISectionProps) => JSX.Element | null
  ): Promise<void> {
    await act(async () => this._root.render(<Section {...this.props} />));
  }

  async click(element: Element | null): Promise<void> {
    expect(element).not.toBeNull();
    await act(async () => (element as HTMLElement).click());
  }

  /** Type into the field of a name. */
  async type(name: string, text: string): Promise<void> {
    const input = this.input(name);
    const { set } =
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value') ??
      {};
    await act(async () => {
      set?.call(input, text);
      input.dispatchEvent(new window.Event('input', { bubbles: true }));
    });
  }

  input(name: string): HTMLInputElement {
    const input = this.node.querySelector<HTMLInputElement>(`[name=${name}]`);
    expect(input).not.toBeNull();
    return input as HTMLInputElement;
  }

  button(text: string): HTMLButtonElement | null {
    return (
      [...this.node.querySelectorAll('button')].find(
        ({ textContent }) => textContent === text
      ) ?? null
    );
  }

  private _root: Root;
}
