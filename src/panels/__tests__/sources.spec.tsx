import { act } from 'react';
import { makeTwoSteps } from '../../__tests__/server';
import { CommandIDs } from '../../tokens';
import { SubmitSection } from '../submit';
import { EVIL, Stage } from './stage';

const OTHER = 'work/features.ipynb';
const CHECKED = {
  problems: [],
  sha256: '3f9a1c0099',
  parameters: [],
  parts: [
    { parameter: 'preproc', cells: 1 },
    { parameter: 'tagger', cells: 5 }
  ]
};

let stage: Stage;
let node: HTMLElement;

beforeEach(async () => {
  stage = new Stage();
  ({ node } = stage);
  stage.server.answers['GET api/v1/workflows/b1'] = makeTwoSteps();
  stage.server.answers['POST check'] = CHECKED;
  stage.notebook.openOther(OTHER);
  await stage.model.refresh();
  await stage.show(SubmitSection);
});

afterEach(() => stage.dispose());

/** The list for a parameter, found as one who does not see finds it. */
function list(label: string): HTMLSelectElement {
  const found = [...node.querySelectorAll('label')].find(
    ({ textContent }) => textContent === label
  );
  const element = document.getElementById(found?.htmlFor ?? '');
  expect(element?.tagName).toBe('SELECT');
  return element as HTMLSelectElement;
}

const options = (label: string) =>
  [...list(label).options].map(({ textContent }) => textContent);

async function choose(label: string, index: number): Promise<void> {
  const element = list(label);
  await act(async () => {
    element.selectedIndex = index;
    element.dispatchEvent(new window.Event('change', { bubbles: true }));
  });
}

const check = () => act(() => stage.model.submission.check());
const shownProblems = () =>
  [...node.querySelectorAll('.jp-RobProblems-message')].map(
    ({ textContent }) => textContent
  );

describe('Sources', () => {
  it('should not be there for one notebook', async () => {
    await act(() => stage.model.submission.prepare(null, 'alice'));
    expect(node.querySelector('.jp-RobSources')).toBeNull();
    expect(node.querySelector('.jp-mod-several')).toBeNull();
  });

  it('should offer the current notebook first, then the others', async () => {
    await act(async () => stage.notebook.openOther(`work/${EVIL}.ipynb`));
    expect(options('Pre-processing')).toEqual([
      'this notebook',
      'features.ipynb',
      `${EVIL}.ipynb`
    ]);
    expect(node.querySelector('img')).toBeNull();
    expect(list('Tagger').title).toBe('work/tagger.ipynb');
  });

  it('should tell apart notebooks of one name', async () => {
    await act(async () => stage.notebook.openOther('b/features.ipynb'));
    expect(options('Tagger')).toEqual([
      'this notebook',
      OTHER,
      'b/features.ipynb'
    ]);
    await act(async () => stage.notebook.openOther('b/tagger.ipynb'));
    expect(options('Tagger').pop()).toBe('tagger.ipynb');
    await choose('Pre-processing', 1);
    expect(options('Tagger')[0]).toBe('work/tagger.ipynb');
    expect(options('Tagger').pop()).toBe('b/tagger.ipynb');
  });

  it('should tell how many cells each is given', async () => {
    await check();
    expect(options('Pre-processing')[0]).toBe('this notebook, 1 cell');
    expect(options('Tagger')[0]).toBe('this notebook, 5 cells');
  });

  it('should choose, and fall back when that is closed', async () => {
    await choose('Pre-processing', 1);
    expect(list('Pre-processing').value).toBe(OTHER);
    expect(list('Pre-processing').title).toBe(OTHER);
    await check();
    // The number of its cells says nothing of the current notebook.
    expect(options('Pre-processing')[0]).toBe('tagger.ipynb');
    await act(async () => stage.notebook.close(OTHER));
    expect(list('Pre-processing').selectedIndex).toBe(0);
    expect(options('Pre-processing')).toHaveLength(1);
  });

  it('should call notebooks by their names when none is followed', async () => {
    const chosen = () =>
      ['Pre-processing', 'Tagger'].map(label => {
        const { options, selectedIndex } = list(label);
        return options[selectedIndex].textContent;
      });
    await choose('Pre-processing', 1);
    await check();
    expect(chosen()).toEqual(['features.ipynb', 'tagger.ipynb, 5 cells']);
    await act(async () => stage.notebook.show(OTHER));
    expect(chosen()).toEqual(['features.ipynb', 'tagger.ipynb']);
    await choose('Tagger', 0);
    expect(chosen()).toEqual(['this notebook', 'this notebook']);
  });

  it('should tell the hash of what is split, and of nothing else', async () => {
    const hash = () => node.querySelector('.jp-RobHash');
    await choose('Pre-processing', 1);
    await choose('Tagger', 1);
    await check();
    expect(hash()).toBeNull();
    await act(async () => stage.notebook.show(OTHER));
    await check();
    expect(hash()).not.toBeNull();
  });

  it('should offer none for what needs none', async () => {
    const { parameters } = makeTwoSteps();
    const [first, second] = parameters;
    await act(() =>
      stage.model.submission.prepare(
        makeTwoSteps({ parameters: [first, { ...second, isRequired: false }] }),
        'alice'
      )
    );
    expect(options('Pre-processing')[0]).toBe('this notebook');
    expect(options('Tagger').slice(0, 2)).toEqual(['none', 'this notebook']);
    expect(list('Tagger').selectedIndex).toBe(0);
  });

  it('should offer none for each where nothing is required', async () => {
    const { parameters } = makeTwoSteps();
    await act(() =>
      stage.model.submission.prepare(
        makeTwoSteps({
          parameters: parameters.map(p => ({ ...p, isRequired: false }))
        }),
        'alice'
      )
    );
    for (const label of ['Pre-processing', 'Tagger']) {
      expect(options(label).slice(0, 2)).toEqual(['none', 'this notebook']);
      expect(list(label).selectedIndex).toBe(1);
      await choose(label, 0);
      expect(list(label).selectedIndex).toBe(0);
    }
    expect(stage.button('Submit notebook')?.disabled).toBe(true);
    expect(node.textContent).toContain('Choose a notebook for one of');
  });

  it('should say which tag is missing and how to set it', async () => {
    stage.notebook.tags = { 'work/tagger.ipynb': ['rob:tagger'] };
    const hint = () => node.querySelector('.jp-RobSources-hint')?.textContent;
    expect(hint()).toBeUndefined();
    await check();
    expect(hint()).toMatch(/^No cell is tagged rob:preproc\. .*right-click/);
    await choose('Pre-processing', 1);
    await check();
    expect(hint()).toBeUndefined();
  });
});

describe('SubmitSection with several notebooks', () => {
  it('should lead to the cell in the notebook of the step', async () => {
    // The message names the notebook, where there are several.
    const message = 'features.ipynb: Uses input().';
    const problem = { severity: 'warning', message, cell: 7 };
    stage.server.answers['POST check'] = {
      ...CHECKED,
      problems: [{ ...problem, notebook: 'preproc' }, problem]
    };
    await choose('Pre-processing', 1);
    await check();
    expect(shownProblems()).toEqual([message, message]);
    await stage.click(
      node.querySelector('[aria-label="Show cell 7 of Pre-processing"]')
    );
    await stage.click(node.querySelector('[aria-label="Show cell 7"]'));
    expect(stage.executed).toEqual([
      [CommandIDs.showCell, { path: OTHER, cell: 7 }],
      [CommandIDs.showCell, { path: 'work/tagger.ipynb', cell: 7 }]
    ]);
  });

  it('should not tell of a current notebook that is not sent', async () => {
    await check();
    expect(node.querySelector('.jp-RobHash')?.textContent).toBe('3f9a1c0');
    expect(node.querySelector('.jp-RobBadge')).not.toBeNull();
    await choose('Pre-processing', 1);
    await choose('Tagger', 1);
    await check();
    expect(node.querySelector('.jp-RobHash')).toBeNull();
    expect(node.querySelector('.jp-RobBadge')).toBeNull();
  });
});
