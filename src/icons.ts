import { LabIcon } from '@jupyterlab/ui-components';

function icon(name: string, shapes: string): LabIcon {
  return new LabIcon({
    name: `jupyterlab-rob:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" fill="#616161">${shapes}</g></svg>`
  });
}

/** A podium under a star. */
export const robIcon = icon(
  'rob',
  '<path d="M9.5 11h5v10h-5zM3 14.5h5V21H3zM16 17h5v4h-5z"/><path d="m12 1.8 1.3 2.6 2.9.4-2.1 2 .5 2.9L12 8.3 9.4 9.7l.5-2.9-2.1-2 2.9-.4z"/>'
);

/** A sheet that goes up onto a podium. */
export const submitIcon = icon(
  'submit',
  '<path d="M12 3 6 9.5h4V16h4V9.5h4zM4 18.5h16V21H4z"/>'
);

export const cancelIcon = icon(
  'cancel',
  '<path d="M18.4 7 17 5.6 12 10.6 7 5.6 5.6 7l5 5-5 5L7 18.4l5-5 5 5 1.4-1.4-5-5z"/>'
);

export const pendingIcon = icon(
  'pending',
  '<path d="M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16m0 2a6 6 0 1 1 0 12 6 6 0 0 1 0-12"/>'
);

export const successIcon = icon(
  'success',
  '<path d="m9.5 16.2-4.2-4.2-1.4 1.4 5.6 5.6 11-11-1.4-1.4z"/>'
);

export const canceledIcon = icon('canceled', '<path d="M5 11h14v2.2H5z"/>');
