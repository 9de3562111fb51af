import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { useEffect, useReducer } from 'react';
import type { RobModel } from '../model';
import type { Model } from '../models/model';

/** What each section of the panel is given. */
export interface ISectionProps {
  model: RobModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** An identifier for an element; React's have colons, which selectors do not take. */
export function elementId(unique: string): string {
  return `jp-rob${unique.replace(/:/g, '-')}`;
}

/** Render again whenever a model has changed. */
export function useModel(model: Model): void {
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const slot = () => render();
    model.stateChanged.connect(slot);
    // It may have changed between the first rendering and now.
    render();
    return () => {
      model.stateChanged.disconnect(slot);
    };
  }, [model]);
}
