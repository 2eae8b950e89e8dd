// The Stream table and the Context Descriptors of a dump.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cd_search.h"
#include "smmuvp/base/number_text.h"
#include "smmuvp/smmuv3/dump.h"
#include "smmuvp/smmuv3/explain_access.h"

namespace smmuvp::smmuv3 {

namespace {

std::string hex(std::uint64_t value) { return number_text(value, Notation::Hexadecimal); }

/// Looks for STEs that are valid, in either format.
class Search {
 public:
  Search(const ProgrammingInterface& interface, const smmu::DebugMemory& memory)
      : m_table(interface.stream_table()),
        m_attributes(interface.table_attributes()),
        m_space(interface.space()),
        m_memory(memory) {}

  void run() {
    const std::uint64_t streams = std::uint64_t{1} << m_table.LOG2SIZE;
    if (!m_table.two_level) return look_through(m_table.base, 0, streams);
    const std::uint64_t span = std::uint64_t{1} << m_table.SPLIT;
    for (std::uint64_t first = 0; first < streams && !m_given_up; first += span) {
      const auto sid = static_cast<std::uint32_t>(first);
      const auto l1std = word_at(m_table.address(sid), sid);
      std::uint64_t address = 0;
      if (!l1std || !ste_address(*l1std, m_table, sid, address)) continue;
      ++m_level2;
      const std::uint64_t entries = std::uint64_t{1} << (get(*l1std, L1STD_Span) - 1);
      look_through(address, sid, std::min(entries, streams - first));
    }
  }
  const std::set<std::uint32_t>& valid() const { return m_valid; }
  /// What there is to say about the table as a whole.
  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    notes.push_back((m_table.two_level ? "two levels, SPLIT " + std::to_string(m_table.SPLIT) + ", "
                                       : std::string("linear, ")) +
                    "2^" + std::to_string(m_table.LOG2SIZE) + " streams, at " + hex(m_table.base));
    if (m_table.two_level) notes.push_back(std::to_string(m_level2) + " tables of level 2");
    notes.push_back(std::to_string(m_valid.size()) + " entries with V = 1");
    if (m_unreadable != 0) {
      notes.push_back("memory answers with an abort for " + std::to_string(m_unreadable) +
                      " structures, the first at " + hex(m_first_unreadable) + " of stream " +
                      hex(m_unreadable_stream));
    }
    if (m_given_up) {
      notes.push_back("only the first " + std::to_string(most_dumped_reads) + " structures were looked at");
    }
    return notes;
  }

 private:
  void look_through(std::uint64_t address, std::uint32_t first, std::uint64_t entries) {
    for (std::uint64_t i = 0; i < entries && !m_given_up; ++i) {
      const auto sid = static_cast<std::uint32_t>(first + i);
      const auto word = word_at(address + i * ste_size, sid);
      if (word && get(*word, STE_V) != 0) m_valid.insert(sid);
    }
  }
  std::optional<std::uint64_t> word_at(std::uint64_t address, std::uint32_t sid) {
    if (++m_reads > most_dumped_reads) {
      m_given_up = true;
      return std::nullopt;
    }
    smmu::MemoryOp op;
    op.purpose = "dump";
    op.address = address;
    op.size = 8;
    op.attributes = m_attributes;
    op.space = m_space;
    const smmu::MemoryAnswer answer = m_memory(op);
    if (answer.status == smmu::MemoryStatus::ok) return smmu::load_word(answer.data, 0);
    if (m_unreadable++ == 0) {
      m_first_unreadable = address;
      m_unreadable_stream = sid;
    }
    return std::nullopt;
  }

  const StreamTable& m_table;
  const pgtable::Attributes& m_attributes;
  smmu::AddressSpace m_space;
  const smmu::DebugMemory& m_memory;
  std::set<std::uint32_t> m_valid;
  std::uint64_t m_reads = 0;
  std::uint64_t m_level2 = 0;
  std::uint64_t m_unreadable = 0;
  std::uint64_t m_first_unreadable = 0;
  std::uint32_t m_unreadable_stream = 0;
  bool m_given_up = false;
};

DumpSection structure(const FoundStructure& s) {
  std::string title = s.memory_explanation.title;
  if (title.empty()) title = s.cached_explanation.title;
  if (title.empty()) title = kind_info(s.kind).title;
  if (s.address) title += " at " + hex(*s.address);
  DumpSection section;
  if (s.words.empty()) {
    section.title = title + (s.aborted ? ": memory answers with an abort" : ": memory leads to none");
  } else {
    section = section_of(title, s.memory_explanation, s.words);
  }
  if (s.kind == StructureKind::L1STD) return section;
  if (!s.stale()) {
    section.notes.emplace_back(s.cached.empty() ? "not cached" : "cached, as in memory");
  } else {
    section.sections.push_back(
        section_of("STALE: cached, and other than in memory", s.cached_explanation, s.cached));
  }
  return section;
}

/// The indexes of CDs that are cached, by stream.
std::map<std::uint32_t, std::set<std::uint32_t>> cached_cds(const Parts& parts) {
  std::map<std::uint32_t, std::set<std::uint32_t>> cached;
  parts.configs.cds.for_each_entry(
      [&](std::uint32_t sid, unsigned, std::uint32_t index, const auto&) { cached[sid].insert(index); });
  return cached;
}

/// The sections of the CDs of streams with substreams.
class Substreams {
 public:
  Substreams(Smmu& smmu, const ProgrammingInterface& interface, const smmu::DebugMemory& memory)
      : m_smmu(smmu),
        m_interface(interface),
        m_memory(memory),
        m_search(smmu, memory, most_dumped_reads),
        m_cached(cached_cds(interface.parts())) {}

  /// Those of one stream, but for the CD that `structures` end with. @param structures  of the stream itself
  void add(std::uint32_t sid, const std::vector<FoundStructure>& structures, DumpSection& to) {
    const Features& f = m_interface.parts().features;
    Ste ste;
    for (const FoundStructure& s : structures) {
      if (s.kind != StructureKind::STE) continue;
      std::array<std::uint64_t, 8> words{};
      const std::vector<std::uint64_t>& from = s.words.empty() ? s.cached : s.words;
      std::copy(from.begin(), from.end(), words.begin());
      ste = Ste::decode(words, f, m_interface.origin());
    }
    if (!ste.valid || !ste.stage1_enabled() || ste.cds.S1CDMax == 0) return;
    std::set<std::uint32_t> indexes = m_search.valid(ste);
    to.notes.push_back("S1CDMax " + std::to_string(ste.cds.S1CDMax) + ": " + std::to_string(indexes.size()) +
                       " CDs with V = 1");
    indexes.merge(m_cached[sid]);
    // 5.2, STE.S1DSS: with 0b10 no SubstreamID leads to CD 0, which is that of accesses without one.
    const bool shown = ste.cds.S1DSS == 2;
    for (const std::uint32_t index : indexes) {
      if (index == 0 && shown) continue;
      if (take_room()) add_one(sid, index, to);
    }
  }
  bool has_room() const { return m_shown < most_dumped_structures; }
  /// Room for one more stream or CD, if there is any; else it is left out.
  bool take_room() {
    ++(has_room() ? m_shown : m_left_out);
    return m_left_out == 0;
  }
  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    if (m_search.given_up()) {
      notes.push_back("only the first " + std::to_string(most_dumped_reads) +
                      " structures and descriptors of CD tables were looked at");
    }
    if (m_left_out != 0) {
      notes.push_back("only the first " + std::to_string(most_dumped_structures) +
                      " streams and CDs are shown, and " + std::to_string(m_left_out) + " are not");
    }
    return notes;
  }

 private:
  void add_one(std::uint32_t sid, std::uint32_t index, DumpSection& to) {
    smmu::AccessRequest request;
    request.stream_id = sid;
    request.secure_stream = m_interface.secure();
    request.substream_valid = true;
    request.substream_id = index;
    request.debug = true;
    DumpSection& section = to.add("substream " + hex(index));
    for (const FoundStructure& s : find_structures(m_smmu, request, m_memory)) {
      const bool own = s.kind == StructureKind::L1CD || s.kind == StructureKind::CD;
      if (own) section.sections.push_back(structure(s));
    }
  }

  Smmu& m_smmu;
  const ProgrammingInterface& m_interface;
  const smmu::DebugMemory& m_memory;
  CdSearch m_search;
  std::map<std::uint32_t, std::set<std::uint32_t>> m_cached;
  std::uint64_t m_shown = 0;
  std::uint64_t m_left_out = 0;
};

/// What a stream has that needs no section of its own where its neighbour's is the same: an STE that memory
/// has, no cache, and that leads no further. Drivers fill tables with such ones.
const FoundStructure* plain_ste(const std::vector<FoundStructure>& structures) {
  if (structures.empty() || structures.back().kind != StructureKind::STE) return nullptr;
  const FoundStructure& ste = structures.back();
  return ste.words.empty() || !ste.cached.empty() ? nullptr : &ste;
}

/// Streams one after the other, those that are alike together.
class Streams {
 public:
  Streams(DumpSection& to, Substreams& substreams) : m_to(to), m_substreams(substreams) {}
  /// @param structures  of the stream, explained or not. @return whether they are shown with the last one's
  bool add_to_last(std::uint32_t sid, const std::vector<FoundStructure>& structures) {
    const FoundStructure* ste = plain_ste(structures);
    if (ste == nullptr || ste->words != m_words || sid != m_last + 1) return false;
    m_last = sid;
    m_to.sections.back().title = "streams " + hex(m_first) + " to " + hex(m_last) + ", each as the first";
    return true;
  }
  void add(std::uint32_t sid, const std::vector<FoundStructure>& structures) {
    const FoundStructure* ste = plain_ste(structures);
    const std::vector<std::uint64_t> words = ste != nullptr ? ste->words : std::vector<std::uint64_t>();
    m_words.clear();
    if (!m_substreams.take_room()) return;
    m_first = m_last = sid;
    m_words = words;
    DumpSection& stream = m_to.add("stream " + hex(sid));
    for (const FoundStructure& s : structures) stream.sections.push_back(structure(s));
    m_substreams.add(sid, structures, stream);
  }

 private:
  DumpSection& m_to;
  Substreams& m_substreams;
  std::uint32_t m_first = 0;
  std::uint32_t m_last = 0;
  std::vector<std::uint64_t> m_words;  // of the last; empty: it is no plain one
};

}  // namespace

void dump_stream_table(Smmu& smmu, bool secure, const smmu::DebugMemory& memory, DumpSection& to) {
  DumpSection& table = to.add("Stream table");
  const ProgrammingInterface& interface = smmu.interface_of(secure);
  std::set<std::uint32_t> streams;
  // Before SMMUEN software may still write the registers that say where the table is (IHI 0070 6.3.24).
  if (interface.enabled(CR0_SMMUEN)) {
    Search search(interface, memory);
    search.run();
    streams = search.valid();
    table.notes = search.notes();
  } else {
    table.notes.emplace_back("SMMUEN is 0: not in use");
  }
  const auto add = [&](std::uint32_t first, unsigned, std::uint32_t, const auto&) { streams.insert(first); };
  interface.parts().configs.stes.for_each_entry(add);
  interface.parts().configs.cds.for_each_entry(add);
  Substreams substreams(smmu, interface, memory);
  Streams shown(table, substreams);
  for (const std::uint32_t sid : streams) {
    if (!substreams.has_room()) {
      substreams.take_room();
      continue;
    }
    smmu::AccessRequest request;
    request.stream_id = sid;
    request.secure_stream = secure;
    request.debug = true;
    // Words take most of the time, and most streams of a table that a driver has filled need none.
    if (shown.add_to_last(sid, find_structures(smmu, request, memory, false))) continue;
    shown.add(sid, find_structures(smmu, request, memory));
  }
  for (std::string& note : substreams.notes()) table.notes.push_back(std::move(note));
}

}  // namespace smmuvp::smmuv3
