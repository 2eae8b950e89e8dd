#include "smmuvp/smmu/dump.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "smmuvp/base/number_text.h"
#include "smmuvp/pgtable/explain.h"
#include "smmuvp/pgtable/explain_walk.h"

namespace smmuvp::smmu {

namespace {

using Cells = std::vector<std::string>;

std::string hex(std::uint64_t value) { return number_text(value, Notation::Hexadecimal); }

const char* stages_words(pgtable::Stages stages) {
  switch (stages) {
    case pgtable::Stages::stage1:
      return "1";
    case pgtable::Stages::stage2:
      return "2";
    case pgtable::Stages::nested:
      break;
  }
  return "1+2";
}

const Cells tag_columns = {"regime", "stages", "VMID", "ASID", "input", "size"};

Cells tag_cells(const Tag& tag, bool global, const RegimeName& regime) {
  if (tag.regime == no_regime) return {"none", "-", "-", "-"};
  const bool stage1 = tag.stages != pgtable::Stages::stage2;
  return {regime(tag.regime), stages_words(tag.stages), hex(tag.vmid),
          !stage1  ? std::string("-")
          : global ? std::string("global")
                   : hex(tag.asid)};
}

Cells key_cells(const EntryKey& key, const RegimeName& regime) {
  Cells cells = tag_cells(key.tag(), key.global(), regime);
  cells.push_back(hex(key.input()));
  std::string size = pgtable::size_words(key.shift());
  if (key.is_part()) size += " of " + pgtable::size_words(key.span());
  cells.push_back(std::move(size));
  return cells;
}

void append(Cells& to, Cells from) {
  for (std::string& cell : from) to.push_back(std::move(cell));
}

Cells with(const Cells& first, const Cells& rest) {
  Cells all = first;
  append(all, rest);
  return all;
}

// What entries that answer accesses have in common. `pbha`: so has an SMMU with IDR3.PBHA.
Cells answer_columns(bool pbha) {
  Cells columns = {"output", "space", "rights", "memory type", "shareability"};
  if (pbha) columns.emplace_back("PBHA");
  return columns;
}

Cells memory_cells(pgtable::Rights rights, const pgtable::Attributes& attributes) {
  return {pgtable::rights_words(rights), pgtable::memory_words(attributes.memory),
          pgtable::shareability_words(pgtable::effective_shareability(attributes))};
}

auto order(const EntryKey& key) { return std::make_tuple(key.word(), key.input(), key.shift()); }

/// Entries of a cache, by tag and address.
template <class Cache>
std::vector<const typename Cache::Entry*> sorted(const Cache& cache) {
  std::vector<const typename Cache::Entry*> entries;
  cache.for_each([&](const typename Cache::Entry& e) { entries.push_back(&e); });
  const auto before = [](const auto* a, const auto* b) {
    if constexpr (Cache::Entry::has_owner) {
      return std::make_pair(a->owner, order(*a)) < std::make_pair(b->owner, order(*b));
    } else {
      return order(*a) < order(*b);
    }
  };
  std::stable_sort(entries.begin(), entries.end(), before);
  return entries;
}

template <class Cache>
std::string used(const Cache& cache) {
  return std::to_string(cache.size()) + " of " + std::to_string(cache.geometry().entries()) + " entries";
}

void dump_tlb(const Tlb& tlb, const RegimeName& regime, bool pbha, DumpSection& to) {
  DumpSection& s = to.add("TLB", with(tag_columns, answer_columns(pbha)));
  s.notes.push_back(used(tlb));
  for (const Tlb::Entry* e : sorted(tlb)) {
    Cells row = key_cells(*e, regime);
    append(row, {hex(e->value.output), pgtable::space_words(e->value.space)});
    append(row, memory_cells(e->value.rights, e->value.attributes));
    if (pbha) row.push_back(hex(e->value.pbha));
    s.rows.push_back(std::move(row));
  }
}

void dump_walk_cache(const TableCache& cache, const RegimeName& regime, DumpSection& to) {
  DumpSection& s = to.add("walk cache", with(tag_columns, {"level", "table", "space"}));
  s.notes.push_back(used(cache));
  for (const TableCache::Entry* e : sorted(cache)) {
    const pgtable::TablePointer& table = e->value.table;
    Cells row = key_cells(*e, regime);
    append(row, {std::to_string(table.level), hex(table.address), pgtable::space_words(table.space)});
    s.rows.push_back(std::move(row));
  }
}

void dump_ipa_cache(const IpaCache& cache, const RegimeName& regime, DumpSection& to) {
  DumpSection& s = to.add("IPA cache", with(tag_columns, {"output", "level", "rights", "descriptor"}));
  s.notes.push_back(used(cache));
  for (const IpaCache::Entry* e : sorted(cache)) {
    const pgtable::Stage2Translation& t = e->value.translation;
    Cells row = key_cells(*e, regime);
    append(row, {hex(t.output), std::to_string(t.level), pgtable::rights_words(t.rights), hex(t.descriptor)});
    s.rows.push_back(std::move(row));
  }
}

void dump_micro_tlb(unsigned number, const Tbu& tbu, const RegimeName& regime, bool pbha, DumpSection& to) {
  DumpSection& s = to.add("micro TLB of TBU " + std::to_string(number),
                          with(with({"stream"}, tag_columns), answer_columns(pbha)));
  s.notes.push_back(used(tbu.answers));
  for (const auto* e : sorted(tbu.answers)) {
    const FinishedAnswer& answer = e->value;
    Cells row = with({hex(e->owner)}, key_cells(*e, regime));
    append(row, {hex(answer.output), pgtable::space_words(answer.space)});
    append(row, memory_cells(answer.rights, answer.attributes));
    if (pbha) row.push_back(hex(answer.pbha));
    s.rows.push_back(std::move(row));
  }
}

void dump_under_way(const Engine& engine, const RegimeName& regime, DumpSection& to) {
  DumpSection& s = to.add("under way", {"regime", "stages", "VMID", "ASID", "input", "waiting"});
  s.notes.push_back("a synchronisation waits for " + std::to_string(engine.in_flight().all()) +
                    " translations and transactions");
  engine.open_walks().for_each([&](const WalkName& name, std::uint32_t waiting) {
    Cells row = tag_cells(name.tag, false, regime);
    append(row, {hex(name.page << 12), std::to_string(waiting)});
    s.rows.push_back(std::move(row));
  });
  s.notes.push_back(std::to_string(s.rows.size()) + " walks open");
}

}  // namespace

void dump(const Engine& engine, const RegimeName& regime, DumpSection& to, bool pbha) {
  dump_tlb(engine.tlb(), regime, pbha, to);
  dump_walk_cache(engine.walk_cache(), regime, to);
  dump_ipa_cache(engine.ipa_cache(), regime, to);
  unsigned number = 0;
  for (const Tbu& tbu : engine.tbus()) dump_micro_tlb(number++, tbu, regime, pbha, to);
  dump_under_way(engine, regime, to);
}

}  // namespace smmuvp::smmu
