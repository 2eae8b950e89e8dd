// Events, and faults that no event record tells of: a row each, with the record in words and the explanation.
(function (V) {
  const report = V.report;

  // name, value and meaning of the fields of a record that are not 0
  function fields_of(record) {
    const list = record[4], fields = [];
    for (let i = 0; i + 2 < list.length; i += 3) fields.push([V.text(list[i]), V.text(list[i + 1]), V.text(list[i + 2])]);
    return fields;
  }
  function field(fields, name) {
    const found = fields.find(function (f) { return f[0] === name; });
    return found ? found[1] : null;
  }

  function items() {
    const records = V.data.records || [];
    const list = report.events.map(function (e, i) {
      const record = records[i];
      const item = {t: e.time_ps, smmu: e.source, kind: e.event, sid: e.sid, ssid: '', address: e.address, how: 'event record'};
      if (record) {
        item.words = record.slice(0, 4);
        item.fields = fields_of(record);
        const ssid = field(item.fields, 'SubstreamID');
        if (field(item.fields, 'SSV') !== null) item.ssid = ssid || '0x0';
      }
      return item;
    });
    ((V.data.faults || {}).list || []).forEach(function (f) {
      list.push({t: f.time_ps, smmu: f.source, kind: f.event, sid: f.sid, ssid: '', address: f.address,
        how: f.outcome + ', ' + f.record});
    });
    list.sort(function (a, b) { return a.t - b.t; });
    explain(list);
    return list;
  }

  // The report's explanations, by what they are of, in order.
  function explain(list) {
    const key = function (smmu, sid, address, event) {
      const n = function (x) { return x === undefined || x === null ? '' : String(Number(x)); };
      return [smmu, n(sid), n(address), event].join(' ');
    };
    const waiting = new Map();
    list.forEach(function (item) {
      const k = key(item.smmu, item.sid, item.address, item.kind);
      if (!waiting.has(k)) waiting.set(k, []);
      waiting.get(k).push(item);
    });
    (report.faults || []).forEach(function (fault) {
      const same = waiting.get(key(fault.source, fault.sid, fault.address, fault.event));
      // Of several the one that is nearest in time: an event is written a little earlier than the fault ends.
      let item = null;
      (same || []).forEach(function (one) {
        if (one.fault) return;
        if (!item || Math.abs(one.t - fault.time_ps) < Math.abs(item.t - fault.time_ps)) item = one;
      });
      if (!item) {
        item = {t: fault.time_ps, smmu: fault.source, kind: fault.event, sid: fault.sid, ssid: '', address: fault.address, how: 'fault'};
        list.push(item);
      }
      item.fault = fault;
      if (fault.ssid !== undefined && fault.ssid !== null) item.ssid = String(fault.ssid);
    });
    list.sort(function (a, b) { return a.t - b.t; });
  }

  const words = function (value) {
    if (value === null || value === undefined) return '';
    if (Array.isArray(value)) return value.map(words).join(' ');
    if (typeof value === 'object') return Object.keys(value).map(function (k) { return k + ' ' + words(value[k]); }).join(', ');
    return String(value);
  };
  const field_columns = ['Field', 'Value', 'Meaning'];
  function fields_table(fields) {
    if (!fields) return null;
    const rows = Array.isArray(fields)
      ? fields.map(function (f) {
        return typeof f === 'object' && !Array.isArray(f) ? [words(f.name), words(f.text !== undefined ? f.text : f.value), words(f.meaning)]
          : [words(f), '', ''];
      })
      : Object.keys(fields).map(function (name) { return [name, words(fields[name]), '']; });
    return rows.length === 0 ? null : V.table('Fields', field_columns, rows);
  }
  function step_of(step) {
    return V.el('li', {'class': step.decides ? 'step-decides' : null},
      V.el('strong', null, words(step.what)), step.address !== undefined ? ' at ' + words(step.address) : '',
      step.decides ? ' (this decides)' : '', step.meaning ? V.el('div', null, words(step.meaning)) : null,
      step.words !== undefined && words(step.words) !== '' ? V.el('div', {'class': 'muted'}, 'words: ' + words(step.words)) : null,
      step.writer ? V.el('div', {'class': 'muted'}, 'last stored to by ' + words(step.writer)) : null, fields_table(step.fields));
  }
  function explanation(fault) {
    const e = fault.explanation;
    if (!e) return null;
    return [V.el('h4', null, 'How it came to this'), V.el('p', null, words(e.verdict)),
      V.el('ol', null, (e.steps || []).map(step_of)),
      e.would_be_legal ? V.el('p', null, 'It would be let through if: ' + words(e.would_be_legal)) : null];
  }
  // Of an SMMUv2, as its FSRs and GFSRs have them (IHI 0062 9.6.15, 16.5.14).
  const fault_names = {AFF: 'Access flag fault', CAF: 'Configuration access fault', EF: 'External fault', PF: 'Permission fault',
    SMCF: 'Stream match conflict fault', TF: 'Translation fault', TLBLKF: 'TLB lock fault', TLBMCF: 'TLB match conflict fault',
    UCBF: 'Unimplemented context bank fault', UCIF: 'Unimplemented context interrupt fault', USF: 'Unidentified stream fault',
    UUT: 'Unsupported upstream transaction'};
  function detail(item) {
    const parts = [];
    if (fault_names[item.kind]) parts.push(V.el('p', null, item.kind + ': ' + fault_names[item.kind]));
    if (item.fields) {
      parts.push(V.el('h4', null, 'The record, fields that are not 0'), V.table('Fields of the record', field_columns, item.fields),
        V.el('p', {'class': 'muted'}, 'words: ' + item.words.join(' ')));
    } else if (item.how === 'event record') {
      parts.push(V.el('p', null, 'The words of this record are not known: the queue lay in no memory of the platform, or was written to meanwhile.'));
    }
    if (item.fault) parts.push(explanation(item.fault));
    if (parts.length === 0) parts.push(V.el('p', null, 'The report has no more of it.'));
    return parts;
  }

  V.draw_faults = function () {
    const place = document.getElementById('events-body');
    const list = items();
    if (list.length === 0) return;
    const dropped = report.events_dropped + ((V.data.faults || {}).left_out || 0);
    document.getElementById('events-static').remove();
    if (dropped > 0) place.appendChild(V.el('p', null, V.number(dropped) + ' more are not in this report.'));
    const columns = [{text: 'Time'}, 'SMMU', 'Event', 'StreamID', 'SubstreamID', 'Address', 'Told by'];
    let go = null;
    if (V.lanes) {
      list.forEach(function (i) {
        i.mark = {t: i.t, label: i.kind + ', StreamID ' + i.sid + ', address ' + i.address + ', ' + i.how, open: function () { go(i); }};
        V.lanes[0].marks.push(i.mark);
      });
    }
    go = V.paged(place, {
      id: 'events', caption: 'Events and faults', columns: columns, items: list, detail: detail,
      cells: function (i) { return [i.mark ? V.timeline_link(i.mark) : V.time(i.t), i.smmu, i.kind, i.sid, i.ssid, i.address, i.how]; },
      words: function (i) { return [i.smmu, i.kind, i.sid, i.ssid, i.address, i.how].join(' '); },
      choices: [{label: 'SMMU', of: function (i) { return i.smmu; }}, {label: 'Event', of: function (i) { return i.kind; }},
        {label: 'StreamID', of: function (i) { return i.sid; }}],
    });
  };
})(smmuvp);
