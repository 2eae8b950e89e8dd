// What SMMUs held at some moments, as a tree: streams with their structures, context banks, caches, registers.
(function (V) {
  function contents(section) {
    const parts = (section.n || []).map(function (note) { return V.el('p', {'class': 'muted'}, V.text(note)); });
    if (section.r) {
      parts.push(V.table(V.text(section.t), section.c.map(V.text), section.r.map(function (row) { return row.map(V.text); })));
    }
    (section.s || []).forEach(function (below) { parts.push(node(below)); });
    return parts.length === 0 ? V.el('p', {'class': 'muted'}, 'nothing') : parts;
  }
  // What an STE says first: V, and Config, which is left out where it is 0 (IHI 0070 5.2).
  function gist(section) {
    if (!V.text(section.t).startsWith('stream')) return '';
    const ste = (section.s || []).find(function (s) { return V.text(s.t).startsWith('STE'); });
    if (!ste || !ste.r) return '';
    const row = function (name) { return ste.r.find(function (r) { return V.text(r[1]) === name; }); };
    if (!row('V')) return ': not valid';
    return ': ' + (row('Config') ? V.text(row('Config')[3]) : 'aborts');
  }
  // Filled when it is opened: there may be thousands.
  function node(section, is_open) {
    const place = V.el('div', null);
    const fill = function () { if (!place.firstChild) place.appendChild(V.el('div', null, contents(section))); };
    const details = V.el('details', {open: is_open}, V.el('summary', null, V.text(section.t) + gist(section)), place);
    details.addEventListener('toggle', function () { if (details.open) fill(); });
    if (is_open) fill();
    return details;
  }
  V.draw_tree = function () {
    const place = document.getElementById('streams-body');
    const list = V.data.snapshots || [];
    if (list.length === 0) {
      place.appendChild(V.el('p', null, 'There is no SMMU, or the run has not begun.'));
      return;
    }
    const body = V.el('div', null);
    const select = V.el('select', {id: 'streams-when', onchange: function () { choose(); }}, list.map(function (s, i) {
      return V.el('option', {value: i}, s.smmu + ': ' + s.when + ', ' + V.time(s.time_ps));
    }));
    function choose() {
      const snapshot = list[Number(select.value)];
      V.empty(body);
      if (snapshot.mapping) body.appendChild(node(snapshot.mapping, true));
      (snapshot.contents.s || []).forEach(function (section) {
        body.appendChild(node(section, V.text(section.t).includes('tream table')));
      });
    }
    const fullest = list.findIndex(function (s) { return s.when !== 'first fault' && s.when !== 'end of the run'; });
    select.value = String(fullest < 0 ? list.length - 1 : fullest);
    place.appendChild(V.el('div', {'class': 'controls'}, V.el('label', {'for': 'streams-when'}, 'What is shown'), select));
    place.appendChild(body);
    choose();
  };
})(smmuvp);
