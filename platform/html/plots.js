// TLB hit rates and time of translation, of an SMMU, a TBU or a stream.
(function (V) {
  V.draw_plots = function () {
    const place = document.getElementById('plots-body');
    const used = (V.scopes || []).filter(function (s) { return s.accesses.some(function (n) { return n > 0; }); });
    if (used.length === 0) {
      place.appendChild(V.el('p', null, 'No access was made.'));
      return;
    }
    const t = V.data.timeline;
    const name = function (s) {
      return s.smmu + (s.kind === '' ? ', whole' : s.kind === 'tbu' ? ', TBU ' + s.name : ', stream ' + s.name);
    };
    const select = V.el('select', {id: 'plots-scope', onchange: function () { choose(); }},
      used.map(function (s, i) { return V.el('option', {value: i}, name(s)); }));
    place.appendChild(V.el('div', {'class': 'controls'}, V.el('label', {'for': 'plots-scope'}, 'Of'), select));
    const sums = V.el('p', {'class': 'muted', 'aria-live': 'polite'});
    let rates, latency;
    const ratio = function (a, b) { return a + b > 0 ? a / (a + b) : NaN; };
    const percent = function (x) { return Number.isNaN(x) ? 'none' : (100 * x).toFixed(1) + ' %'; };
    function choose() {
      const s = used[Number(select.value)];
      const zip = function (a, b, f) { return Float64Array.from(a, function (n, i) { return f(n, b[i]); }); };
      rates = [{cls: 'c-hit', values: zip(s.micro_tlb_hits, s.micro_tlb_misses, ratio)},
        {cls: 'c-hit-2', values: zip(s.tlb_hits, s.tlb_misses, ratio)}];
      latency = [{cls: 'c-latency', values: zip(s.translation_time, s.accesses, function (time, n) { return n > 0 ? time / n / 1000 : NaN; })}];
      const sum = function (values) { return values.reduce(function (a, b) { return a + b; }, 0); };
      const accesses = sum(s.accesses);
      sums.textContent = V.show(name(s) + ': ' + V.number(accesses) + ' accesses; micro TLB hits ' +
        percent(ratio(sum(s.micro_tlb_hits), sum(s.micro_tlb_misses))) + ', TLB hits ' + percent(ratio(sum(s.tlb_hits), sum(s.tlb_misses))) +
        '; ' + (sum(s.translation_time) / Math.max(accesses, 1) / 1000).toFixed(1) + ' ns an access');
      V.draw_charts();
    }
    choose();
    place.appendChild(sums);
    place.appendChild(V.el('h3', null, 'Hit rate: micro TLB (whole line), TLB behind it (broken line)'));
    V.chart(place, {label: 'Hit rate over time of the micro TLB and the TLB behind it', height: 130, draw: function (frame) {
      V.draw_lines(frame, rates, t.width_ps, function (v) { return Math.round(100 * v) + ' %'; }, 1);
    }});
    place.appendChild(V.el('h3', null, 'Time of translation, ns an access'));
    V.chart(place, {label: 'Time of translation over time, in nanoseconds an access', height: 130, draw: function (frame) {
      V.draw_lines(frame, latency, t.width_ps, function (v) { return V.short(v); });
    }});
  };
})(smmuvp);
