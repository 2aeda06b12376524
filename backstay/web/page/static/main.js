/* The page: what is known, how it is kept in step, and who shows it. */

import { Store } from "./store.js";
import { Sync } from "./sync.js";
import { logOut } from "./api.js";
import { byId } from "./dom.js";
import { followAccounts } from "./views/accounts.js";
import { ChangeForm } from "./views/change_form.js";
import { CloseAllForm } from "./views/close_all_form.js";
import { CloseForm } from "./views/close_form.js";
import { followClosed } from "./views/closed.js";
import { announcer, followEvents } from "./views/events.js";
import { HistoryView } from "./views/history.js";
import { followMarkets } from "./views/markets.js";
import { OpenForm } from "./views/open_form.js";
import { PauseForm, ReleaseForm } from "./views/operator_forms.js";
import { PositionList } from "./views/position_list.js";
import { followStatus } from "./views/status.js";

const store = new Store();
const sync = new Sync(store);
const say = (text) => announcer.say(text);

const history = new HistoryView(store);
const changing = new ChangeForm(store, sync, say);
const closing = new CloseForm(store, sync, say);
const closingAll = new CloseAllForm(store, sync, say);
const opening = new OpenForm(store, sync, say);
const pausing = new PauseForm(store, sync, say);
const releasing = new ReleaseForm(store, say);
const onHistory = (id) => history.show(id);

followStatus(store);
followAccounts(store);
new PositionList(store, { onHistory, onChange: (id) => changing.show(id),
  onClose: (id) => closing.show(id) });
followMarkets(store, (symbol, candidate) => releasing.show(symbol, candidate));
followEvents(store, onHistory);
followClosed(store, onHistory);

byId("open-button").addEventListener("click", () => opening.show());
byId("close-all-button").addEventListener("click", () => closingAll.show());
byId("pause-button").addEventListener("click", () => pausing.show());
byId("log-out-button").addEventListener("click", () => logOut());

sync.start();
