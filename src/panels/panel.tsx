import { ReactWidget, SidePanel } from '@jupyterlab/ui-components';
import type { ITranslator } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Panel } from '@lumino/widgets';
import React, { useEffect, useRef } from 'react';
import { robIcon } from '../icons';
import { PANEL_ID } from '../tokens';
import { BenchmarkSection } from './benchmark';
import { ConnectionStatus, Header } from './header';
import { LeaderboardSection } from './leaderboard';
import { LoginForm } from './login';
import { ISectionProps, useModel } from './props';
import { RunsSection } from './runs';
import { SubmitSection } from './submit';

/**
 * The panel at the side. Its sections flow one below the other and scroll together: the heights of an accordion's parts
 * would be shared out, whatever is in them.
 */
export class RobPanel extends SidePanel {
  constructor(
    private readonly _section: ISectionProps,
    translator: ITranslator
  ) {
    super({ content: new Panel(), translator });
    const { trans } = _section;
    this.id = PANEL_ID;
    this.addClass('jp-RobPanel');
    this.title.icon = robIcon;
    this.title.caption = trans.__('Reproducible Open Benchmarks');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.caption);
    const header = ReactWidget.create(<Header {..._section} />);
    header.addClass('jp-RobPanel-header');
    this.header.addWidget(header);
    const sections = ReactWidget.create(<Sections {..._section} />);
    sections.addClass('jp-RobPanel-sections');
    this.addWidget(sections);
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._section.model.isVisible = this.isVisible;
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._section.model.isVisible = true;
  }

  protected override onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._section.model.isVisible = false;
  }

  protected override onBeforeDetach(msg: Message): void {
    this._section.model.isVisible = false;
    super.onBeforeDetach(msg);
  }
}

function Sections(props: ISectionProps): JSX.Element {
  const { model } = props;
  useModel(model);
  const { needsLogin } = model.account;
  const node = useRef<HTMLDivElement>(null);
  const asked = useRef(needsLogin);
  useEffect(() => {
    // The form is gone, and with it the focus.
    if (
      asked.current &&
      !needsLogin &&
      document.activeElement === document.body
    ) {
      node.current?.focus();
    }
    asked.current = needsLogin;
  }, [needsLogin]);
  return (
    <>
      <ConnectionStatus {...props} />
      {needsLogin && <LoginForm {...props} />}
      <div
        ref={node}
        tabIndex={-1}
        className="jp-RobSections"
        hidden={needsLogin}
      >
        {model.benchmarks && (
          <>
            <BenchmarkSection {...props} />
            <SubmitSection {...props} />
            <RunsSection {...props} />
            <LeaderboardSection {...props} />
          </>
        )}
      </div>
    </>
  );
}
