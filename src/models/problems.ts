/**
 * Why a check or a submission has failed.
 */
import type { IProblem } from '../protocol';
import { RobError } from '../service';

/** Whether a log-in is needed, of which the panel tells by itself. */
export function isLoginRequired(reason: unknown): boolean {
  return reason instanceof RobError && reason.loginRequired;
}

/** What the reader is told of it: the problems that were found, or else the message. */
export function toProblems(reason: unknown): readonly IProblem[] {
  if (reason instanceof RobError && reason.problems.length > 0) {
    return reason.problems;
  }
  const message = reason instanceof Error ? reason.message : String(reason);
  return [{ severity: 'error', message }];
}
