// What somebody sees who is signed in: the views at the side, and beside them a list or their account.

import { h } from '../dom.js';
import { handleKeys } from '../keys.js';
import { parseAddress } from '../query.js';
import { accountView } from './account.js';
import { helpDialog } from './help.js';
import { sidebar } from './sidebar.js';
import { tasksView } from './tasks-view.js';

export function showHome(page, workspace, { onLeft, onStayed }) {
  const signal = workspace.ended;
  const help = helpDialog();
  const main = h('main', { id: 'main', tabindex: '-1' });
  const side = sidebar(workspace, { onHelp: () => help.showModal(), onChoose: () => tasks.searchNow() });
  const skip = h('button', { type: 'button', class: 'skip', onclick: () => main.focus() }, 'Skip to the tasks');
  const tasks = tasksView(workspace, { onFilters: side.toggleFilters, onTyped: side.setQuery });
  let account = null;

  function route() {
    const isAccount = location.hash.startsWith('#/account');
    const query = isAccount ? null : parseAddress(location.hash);
    side.setQuery(query);
    if (isAccount) {
      account ??= accountView(workspace, { onLeft, onStayed });
      main.replaceChildren(account);
      document.title = 'Account · duly';
      return;
    }
    account = null;
    if (!main.contains(tasks.element)) main.replaceChildren(tasks.element);
    tasks.show(query);
  }

  page.replaceChildren(skip, h('div', { class: 'home' }, side.element, main), help);
  addEventListener('hashchange', route, { signal });
  handleKeys({ tasks, help, signal });
  route();
  workspace.counts.refresh();
  workspace.getAcquainted();
}
