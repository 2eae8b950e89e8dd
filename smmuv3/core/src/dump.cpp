#include "smmuvp/smmuv3/dump.h"

#include <algorithm>
#include <array>
#include <utility>

#include "smmuvp/base/number_text.h"
#include "smmuvp/smmu/dump.h"
#include "smmuvp/smmuv3/register_fields.h"

namespace smmuvp::smmuv3 {

namespace {

std::string hex(std::uint64_t value) { return number_text(value, Notation::Hexadecimal); }

std::string words_text(const std::vector<std::uint64_t>& words) {
  std::string text;
  for (const std::uint64_t w : words) text += (text.empty() ? "" : " ") + hex(w);
  return text;
}

std::string regime_name(std::uint8_t regime) {
  switch (static_cast<StreamWorld>(regime)) {
    case StreamWorld::NS_EL1:
      return "NS-EL1";
    case StreamWorld::NS_EL2:
      return "NS-EL2";
    case StreamWorld::NS_EL2_E2H:
      return "NS-EL2-E2H";
    case StreamWorld::Secure:
      return "Secure";
    case StreamWorld::S_EL2:
      return "S-EL2";
    case StreamWorld::S_EL2_E2H:
      return "S-EL2-E2H";
    case StreamWorld::EL3:
      return "EL3";
  }
  return std::to_string(regime);
}

/// Calls f(info, value) for each register that software of the interface's Security state sees there.
template <class F>
void for_each_register(const ProgrammingInterface& interface, F f) {
  for (const RegisterInfo& info : interface.registers().table()) {
    // Without a Secure state its bank is RES0: it would fill a page with zeros (IHI 0070 6.2).
    if (info.bank == SecurityBank::SecureOnly && !interface.secure()) continue;
    std::uint64_t value = 0;
    interface.peek(info.offset, info.bytes, value);
    f(info, value);
  }
}

/// Calls f(name, offset in the register window, value) for each register of a counter group.
template <class F>
void for_each_register(const Pmcg& group, F f) {
  const RegisterFile& registers = group.registers();
  for (const RegisterInfo& info : registers.table()) {
    for (std::uint32_t k = 0; k < info.count; ++k) {
      const std::uint32_t offset = info.offset + k * info.bytes;
      f(registers.name_at(offset), group.window_offset(offset), registers.get(info.id, k));
    }
  }
}

/// Calls f(name, offset, value) for each register of control pages, and those that tell of them.
template <class F>
void for_each_register(const ControlPages& pages, F f) {
  for (const RegisterInfo& info : pages.registers().table()) {
    for (std::uint32_t n = 0; n < info.count; ++n) {
      const std::uint32_t offset = info.offset + n * info.stride;
      std::uint64_t value = 0;
      pages.peek(offset, info.bytes, value);
      f(pages.registers().name_at(offset), offset, value);
    }
  }
}

void dump_pmcg(const Pmcg& group, DumpSection& to) {
  const std::string whose = group.group() == 0 ? "the TCU" : "TBU " + std::to_string(group.group() - 1);
  DumpSection& s = to.add("performance monitors of " + whose, {"register", "offset", "value"});
  for_each_register(group, [&](const std::string& name, std::uint32_t offset, std::uint64_t value) {
    s.rows.push_back({name, hex(offset), hex(value)});
  });
  DumpSection& counters = s.add("counters that are enabled", {"counter", "event", "value"});
  for (const auto& [counter, event] : group.enabled_counters()) {
    counters.rows.push_back(
        {std::to_string(counter), to_string(event), hex(group.registers().get(SMMU_PMCG_EVCNTRn, counter))});
  }
}

void dump_registers(const ProgrammingInterface& interface, DumpSection& to) {
  DumpSection& s = to.add("registers", {"register", "offset", "value"});
  if (interface.held()) s.notes.emplace_back(interface.why_held());
  for_each_register(interface, [&](const RegisterInfo& info, std::uint64_t value) {
    s.rows.push_back({info.name, hex(info.offset), hex(value)});
  });
  if (interface.control_pages() == nullptr) return;
  for_each_register(*interface.control_pages(),
                    [&](const std::string& name, std::uint32_t offset, std::uint64_t value) {
                      s.rows.push_back({name, hex(offset), hex(value)});
                    });
}

/// Reads an entry of a queue. @return empty: memory answers with an abort
std::vector<std::uint64_t> read_words(const smmu::DebugMemory& memory, std::uint64_t address, unsigned words,
                                      const pgtable::Attributes& attributes, smmu::AddressSpace space) {
  smmu::MemoryOp op;
  op.purpose = "dump";
  op.address = address;
  op.size = static_cast<std::uint8_t>(8 * words);
  op.attributes = attributes;
  op.space = space;
  const smmu::MemoryAnswer answer = memory(op);
  std::vector<std::uint64_t> result;
  for (unsigned i = 0; answer.status == smmu::MemoryStatus::ok && i < words; ++i) {
    result.push_back(smmu::load_word(answer.data, i));
  }
  return result;
}

struct DumpedQueue {
  std::string title;
  const Queue& queue;
  std::uint32_t PROD, CONS;
  bool enabled;
  StructureKind kind;
  pgtable::Attributes attributes;
};

/// @param most  entries that are shown; those that are go off it
void dump_queue(const ProgrammingInterface& interface, const Features& features, const DumpedQueue& q,
                const smmu::DebugMemory& memory, DumpSection& to, std::uint64_t& most) {
  DumpSection& s = to.add(q.title);
  if (!q.enabled) {
    s.notes.emplace_back("not enabled");
    return;
  }
  const std::uint32_t prod = q.PROD & q.queue.index_mask();
  const std::uint32_t cons = q.CONS & q.queue.index_mask();
  s.notes.push_back(std::to_string(q.queue.entries()) + " entries at " + hex(q.queue.base) + ", PROD " +
                    hex(prod) + ", CONS " + hex(cons) + ": " + std::to_string(q.queue.used(prod, cons)) +
                    " used");
  if (!q.queue.consistent(prod, cons)) {
    s.notes.emplace_back("PROD and CONS are inconsistent: more entries are used than there are");
    return;
  }
  // Software sets PROD and CONS as it likes, and 2^19 entries fill gigabytes.
  const auto shown = std::min<std::uint64_t>(q.queue.used(prod, cons), most);
  most -= shown;
  if (shown < q.queue.used(prod, cons)) {
    s.notes.push_back("only the first " + std::to_string(shown) + " of them are shown");
  }
  for (std::uint32_t n = 0; n < shown; ++n) {
    const std::uint32_t i = (cons + n) & q.queue.index_mask();
    const std::uint64_t address = q.queue.address(i);
    const auto words = read_words(memory, address, kind_info(q.kind).words, q.attributes, interface.space());
    if (words.empty()) {
      s.add("entry " + hex(i) + " at " + hex(address) + ": memory answers with an abort");
      continue;
    }
    Ste of_queue;
    of_queue.origin = interface.origin();
    const StructureExplanation e = explain(q.kind, words.data(), features, of_queue);
    s.sections.push_back(section_of("entry " + hex(i) + " at " + hex(address) + ": " + e.title, e, words));
  }
}

void dump_queue(const ProgrammingInterface& interface, const Features& features, const DumpedQueue& q,
                const smmu::DebugMemory& memory, DumpSection& to) {
  std::uint64_t most = most_dumped_structures;
  dump_queue(interface, features, q, memory, to, most);
}

/// Those that are enabled: there may be 256, which share what is shown.
void dump_ecmdqs(const ProgrammingInterface& interface, const Features& features,
                 const smmu::DebugMemory& memory, DumpSection& to) {
  const ControlPages* pages = interface.control_pages();
  std::uint64_t most = most_dumped_structures;
  for (unsigned n = 0; pages != nullptr && n < pages->size(); ++n) {
    const Ecmdq& q = pages->queue(n);
    if (!q.active()) continue;
    dump_queue(interface, features,
               {"Enhanced Command queue " + std::to_string(n), q.queue(), q.prod(), q.cons(), q.enabled(),
                StructureKind::command, q.attributes()},
               memory, to, most);
  }
}

void dump_pending(const ProgrammingInterface& interface, DumpSection& to) {
  DumpSection& s = to.add("event records that wait to be written");
  s.notes.push_back(std::to_string(interface.events().pending().size()) + " records");
  for (const Event& event : interface.events().pending()) {
    const auto record = event.words();
    const StructureExplanation e = explain(StructureKind::event, record.data());
    s.sections.push_back(section_of(e.title, e, {record.begin(), record.end()}));
  }
}

void dump_page_requests(const ProgrammingInterface& interface, DumpSection& to) {
  DumpSection& s = to.add("page requests that wait to be recorded or answered");
  s.notes.push_back(std::to_string(interface.page_requests().pending().size()) + " requests");
  for (const PriQueue::Received& r : interface.page_requests().pending()) {
    const auto entry = r.request.words();
    const StructureExplanation e = explain(StructureKind::page_request, entry.data());
    s.sections.push_back(section_of(r.refused ? e.title + ", refused: the queue was not enabled" : e.title, e,
                                    {entry.begin(), entry.end()}));
  }
}

void dump_stalls(const ProgrammingInterface& interface, DumpSection& to) {
  DumpSection& s = to.add("stalled accesses", {"stream", "substream", "STAG", "address", "event", "record"});
  s.notes.push_back(std::to_string(interface.events().stalls().size()) + " with a STAG");
  interface.events().stalls().for_each([&](const Event& event, bool visible) {
    s.rows.push_back({hex(event.StreamID), event.SSV ? hex(event.SubstreamID) : "-", hex(event.STAG),
                      hex(event.InputAddr), to_string(event.type), visible ? "written" : "not written"});
  });
}

void dump_messages(const AtcMessages& messages, DumpSection& to) {
  DumpSection& s =
      to.add("messages to devices with an ATC", {"message", "stream", "substream", "address", "log2 size"});
  s.notes.push_back(std::to_string(messages.pending().size()) + " messages" +
                    (messages.connected() ? "" : "; the port ats is not bound: they are IGNORED"));
  for (const AtcMessage& m : messages.pending()) {
    const bool invalidates = m.kind == AtcMessage::Kind::invalidate;
    s.rows.push_back({invalidates ? "invalidate" : "page response", hex(m.StreamID),
                      m.SSV ? hex(m.SubstreamID) : "-", invalidates ? hex(m.Address) : "-",
                      invalidates ? std::to_string(m.size_shift) : "-"});
  }
}

std::string range_text(std::uint32_t first, unsigned span) {
  return span == 0 ? hex(first) : hex(first) + " to " + hex(first + (low_bits(span) & 0xffff'ffffU));
}

template <class Cache>
void dump_config_cache(const Cache& cache, const char* title, DumpSection& to, const char* of = "stream") {
  DumpSection& s = to.add(title, {of, "substream", "valid", "words"});
  s.notes.push_back(std::to_string(cache.size()) + " of " + std::to_string(cache.geometry().entries()) +
                    " entries");
  cache.for_each_entry([&](std::uint32_t first, unsigned span, std::uint32_t substream, const auto& value) {
    s.rows.push_back({range_text(first, span), hex(substream), value.valid ? "yes" : "no",
                      words_text({value.words.begin(), value.words.end()})});
  });
}

}  // namespace

std::vector<std::pair<std::string, std::uint64_t>> register_values(const Smmu& smmu) {
  std::vector<std::pair<std::string, std::uint64_t>> values;
  const auto add = [&](const RegisterInfo& info, std::uint64_t value) {
    values.emplace_back(info.name, value);
  };
  const auto add_pages = [&](const ProgrammingInterface& interface) {
    if (interface.control_pages() == nullptr) return;
    for_each_register(*interface.control_pages(),
                      [&](const std::string& name, std::uint32_t, std::uint64_t value) {
                        values.emplace_back(name, value);
                      });
  };
  for_each_register(smmu.interface(), add);
  add_pages(smmu.interface());
  if (smmu.secure_interface() != nullptr) {
    for_each_register(*smmu.secure_interface(), add);
    add_pages(*smmu.secure_interface());
  }
  for (unsigned i = 0; i < smmu.pmcgs().size(); ++i) {
    const Pmcg& group = smmu.pmcgs().group(i);
    for_each_register(group, [&](const std::string& name, std::uint32_t, std::uint64_t value) {
      values.emplace_back(group.name() + "." + name, value);
    });
  }
  return values;
}

DumpSection section_of(const std::string& title, const StructureExplanation& e,
                       const std::vector<std::uint64_t>& words) {
  DumpSection s;
  s.title = title;
  s.notes.push_back("words " + words_text(words));
  if (e.verdict) {
    s.notes.push_back(e.verdict->word + (e.verdict->why.empty() ? "" : ": " + e.verdict->why));
  }
  s.columns = {"bits", "field", "value", "meaning"};
  for (const ExplainedField& f : e.fields) {
    if ((f.value == 0 && !f.wrong) || f.ignored) continue;
    const std::string bits = f.high == f.low
                                 ? "[" + std::to_string(f.high) + "]"
                                 : "[" + std::to_string(f.high) + ":" + std::to_string(f.low) + "]";
    s.rows.push_back({bits, f.name, f.text, f.wrong ? "! " + f.meaning : f.meaning});
  }
  return s;
}

namespace {

void dump_interface(Smmu& smmu, const ProgrammingInterface& interface, const smmu::DebugMemory& memory,
                    DumpSection& s) {
  const Parts& parts = interface.parts();
  dump_registers(interface, s);
  dump_stream_table(smmu, interface.secure(), memory, s);
  dump_queue(interface, parts.features,
             {"Command queue", interface.command_queue(), interface.reg(SMMU_CMDQ_PROD),
              interface.reg(SMMU_CMDQ_CONS), interface.enabled(CR0_CMDQEN), StructureKind::command,
              interface.command_attributes()},
             memory, s);
  dump_ecmdqs(interface, parts.features, memory, s);
  dump_queue(interface, parts.features,
             {"Event queue", interface.event_queue(), interface.reg(SMMU_EVENTQ_PROD),
              interface.reg(SMMU_EVENTQ_CONS), interface.enabled(CR0_EVENTQEN), StructureKind::event,
              interface.event_attributes()},
             memory, s);
  if (parts.features.PRI) {
    dump_queue(
        interface, parts.features,
        {"PRI queue", interface.pri_queue(), interface.reg(SMMU_PRIQ_PROD), interface.reg(SMMU_PRIQ_CONS),
         interface.enabled(CR0_PRIQEN), StructureKind::page_request, interface.pri_attributes()},
        memory, s);
    dump_page_requests(interface, s);
  }
  dump_pending(interface, s);
  dump_stalls(interface, s);
  if (parts.features.ATS) dump_messages(interface.atc_messages(), s);
  dump_config_cache(parts.configs.stes, "STE cache", s);
  dump_config_cache(parts.configs.cds, "CD cache", s);
  if (parts.features.has_vms(interface.sec_sid())) {
    dump_config_cache(parts.configs.vmss, "VMS cache", s, "VMID");
  }
}

}  // namespace

DumpSection dump(Smmu& smmu, const std::string& title, const smmu::DebugMemory& memory) {
  DumpSection s;
  s.title = title;
  dump_interface(smmu, std::as_const(smmu).interface(), memory, s);
  if (const ProgrammingInterface* secure = std::as_const(smmu).secure_interface()) {
    dump_interface(smmu, *secure, memory, s.add("Secure programming interface"));
  }
  for (unsigned i = 0; i < smmu.pmcgs().size(); ++i) dump_pmcg(smmu.pmcgs().group(i), s);
  smmu::dump(smmu.engine(), regime_name, s, smmu.features().PBHA);
  return s;
}

}  // namespace smmuvp::smmuv3
