#include "smmuvp/checker/driver_checker.h"

#include <array>
#include <cstring>
#include <utility>

#include "look_of.h"
#include "smmuvp/base/number_text.h"
#include "smmuvp/checker/diagnosed.h"
#include "smmuvp/smmuv2/global_fields.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr std::size_t table_bytes = 4096;
constexpr std::size_t most_callers = 8;
constexpr std::size_t most_writers = 1U << 20;
constexpr std::string_view access_point = "smmu.access";
constexpr std::string_view stall_point = "smmu.stall";
constexpr std::string_view ats_point = "smmu.ats_request";
constexpr std::string_view command_point = "smmu.command";
constexpr std::string_view sync_point = "smmu.sync";
constexpr std::string_view write_point = "smmu.register_write";
constexpr std::string_view read_point = "smmu.register_read";

AccessQuestion::Kind kind_of(std::string_view kind) {
  return kind == "write"     ? AccessQuestion::Kind::write
         : kind == "atomic"  ? AccessQuestion::Kind::atomic
         : kind == "execute" ? AccessQuestion::Kind::execute
                             : AccessQuestion::Kind::read;
}

std::uint64_t word_at(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  for (unsigned i = 8; i-- > 0;) word = word << 8 | bytes[i];
  return word;
}

// Those of the Secure state are others.
unsigned queue_of(const TraceValue& queue, const TraceValue& secure) {
  return static_cast<unsigned>(queue.number) | (secure.number != 0 ? 1U << 16 : 0U);
}

// What of the features commands are understood by (IHI 0070 4.4.1.1).
smmuv3::Features features_of(const DumpControl& dump) {
  smmuv3::Features f;
  for (const auto& [name, value] : dump.register_values()) {
    if (name == "SMMU_IDR0") f.S2P = (value & 1) != 0;
    if (name == "SMMU_IDR3") f.RIL = (value >> 10 & 1) != 0, f.BBML = value >> 11 & 3;
    if (name == "SMMU_IDR5") f.DS = (value >> 7 & 1) != 0;
  }
  return f;
}

checker::Smmuv2Rules::Sizes sizes_of(const DumpControl& dump) {
  checker::Smmuv2Rules::Sizes sizes;
  for (const auto& [name, value] : dump.register_values()) {
    if (name != "SMMU_IDR0") continue;
    sizes.groups = static_cast<unsigned>(get(value, smmuv2::IDR0_NUMSMRG));
    sizes.stream_matching = is_set(value, smmuv2::IDR0_SMS);
  }
  return sizes;
}

}  // namespace

DriverChecker::DriverChecker(std::function<void(const checker::Finding&)> told)
    : m_told(std::move(told)),
      m_checker(*this),
      m_watch(
          [](void* self) {
            for (const Processor& p : static_cast<DriverChecker*>(self)->m_processors) {
              if (p.stores != nullptr) p.stores->note_store();
            }
          },
          this) {}

DriverChecker::~DriverChecker() = default;

bool DriverChecker::add(Component& smmu) {
  const auto* explain = dynamic_cast<const ExplainControl*>(&smmu);
  const auto* dump = dynamic_cast<const DumpControl*>(&smmu);
  const bool is_smmuv2 = std::strcmp(smmu.kind(), "smmuv2") == 0;
  if (explain == nullptr || dump == nullptr || (!is_smmuv2 && std::strcmp(smmu.kind(), "smmuv3") != 0))
    return false;
  const std::string name = smmu.name();
  const unsigned n =
      is_smmuv2 ? m_checker.add(name, sizes_of(*dump)) : m_checker.add(name, features_of(*dump));
  m_smmus[name] = {n, is_smmuv2, explain, dump, false, {}};
  m_names.push_back(name);
  return true;
}

void DriverChecker::add(MemoryControl& memory, std::uint64_t base) {
  const std::size_t bytes = PageWatch::page_bytes();
  // A page is watched as a whole, whatever else is in it.
  if (reinterpret_cast<std::uintptr_t>(memory.data()) % bytes != 0 || memory.size() % bytes != 0 ||
      base % bytes != 0) {
    throw ConfigError("size", "memory that is checked begins and ends with a page of the host");
  }
  m_memories.push_back({memory.data(), base, memory.size()});
  memory.add_write_listener(this);
}

void DriverChecker::add(StoreControl* stores, CpuControl* processor, std::string name) {
  if (stores == nullptr && processor == nullptr) return;
  if (stores != nullptr) stores->set_store_listener(this);
  m_processors.push_back({stores, processor, std::move(name)});
}

checker::Writer DriverChecker::who_runs(std::uint64_t time_ps) const {
  for (const Processor& p : m_processors) {
    if (p.control == nullptr || !p.control->is_running()) continue;
    return {p.name, p.control->program_counter(), time_ps, p.control->return_addresses(most_callers)};
  }
  return {"the bus", {}, time_ps, {}};
}

// ---- memory

std::optional<std::uint64_t> DriverChecker::read(std::uint64_t physical) {
  const std::uint8_t* at = host_address(physical);
  if (at == nullptr) return std::nullopt;
  return word_at(at);
}

void DriverChecker::diagnosed(const Diagnostic& diagnostic, std::uint64_t time_ps) {
  const auto at = m_smmus.find(diagnostic.source);
  if (at == m_smmus.end() || diagnostic.kind != DiagKind::GuestError) return;
  const auto rule = checker::rule_of_diagnostic(diagnostic.site);
  if (!rule) return;
  checker::Finding f;
  f.rule = *rule;
  f.smmu = diagnostic.source;
  f.text = diagnostic.text;
  f.clause = diagnostic.clause;
  f.time_ps = time_ps;
  f.stream_id = diagnostic.stream_id;
  f.address = diagnostic.address;
  if (*rule == checker::RuleId::structure_illegal && f.address) {
    if (const checker::Writer* writer = last_writer(*f.address)) f.writer = *writer;
  } else if (*rule == checker::RuleId::command_illegal) {
    if (const auto issuer = m_checker.issuer(at->second.number, 0)) f.issuer = *issuer;
  } else if (checker::Writer who = who_runs(time_ps); who.pc) {
    f.issuer = std::move(who);
  }
  m_told(f);
}

std::uint8_t* DriverChecker::host_address(std::uint64_t physical) const {
  for (const Memory& m : m_memories) {
    if (physical >= m.base && physical - m.base < m.size) return m.data + (physical - m.base);
  }
  return nullptr;
}

void DriverChecker::watch(std::uint64_t physical) {
  if (const std::uint8_t* at = host_address(physical)) m_watch.watch(at);
}

// Pages of the host may be larger than tables.
void DriverChecker::unwatch(std::uint64_t physical) {
  if (PageWatch::page_bytes() != table_bytes) return;
  if (const std::uint8_t* at = host_address(physical)) m_watch.unwatch(at);
}

template <class WriterOf>
void DriverChecker::take(WriterOf writer_of) {
  m_watch.take([&](const std::uint8_t* page, const std::uint8_t* before) {
    for (const Memory& m : m_memories) {
      if (page < m.data || page >= m.data + m.size) continue;
      const std::uint64_t physical = m.base + static_cast<std::uint64_t>(page - m.data);
      constexpr std::size_t line = 256;
      const std::size_t bytes = PageWatch::page_bytes();
      for (std::size_t i = 0; i < bytes; i += 8) {
        while (i % line == 0 && i < bytes && std::memcmp(page + i, before + i, line) == 0) i += line;
        if (i >= bytes) break;
        if (std::memcmp(page + i, before + i, 8) == 0) continue;
        const bool means_something = m_checker.means_something(physical + i);
        auto writer = writer_of(physical + i, means_something);
        if (m_last_writers.size() >= most_writers) m_last_writers.clear();
        m_last_writers[physical + i] = writer;
        if (means_something) {
          m_checker.stored(physical + i, word_at(before + i), word_at(page + i), *writer);
        }
      }
    }
  });
}

void DriverChecker::stores_made(StoreControl& by, std::uint64_t first, std::uint64_t end,
                                std::uint64_t time_ps) {
  if (!m_watch.pending()) return;
  const Processor* who = nullptr;
  for (const Processor& p : m_processors) {
    if (p.stores == &by) who = &p;
  }
  std::shared_ptr<const checker::Writer> block;  // one for all words without a meaning
  std::vector<std::uint64_t> callers;
  take([&](std::uint64_t physical, bool exactly) {
    if (!exactly && block) return block;
    if (callers.empty() && who != nullptr && who->control != nullptr) {
      callers = who->control->return_addresses(most_callers);
    }
    auto writer = std::make_shared<const checker::Writer>(
        checker::Writer{who != nullptr ? who->name : std::string(),
                        exactly ? by.store_site(first, end, physical) : first, time_ps, callers});
    if (!exactly) block = writer;
    return writer;
  });
}

void DriverChecker::memory_written(std::uint64_t, std::uint64_t) {
  if (!m_watch.pending()) return;
  auto writer = std::make_shared<const checker::Writer>(
      checker::Writer{"the bus", {}, to_ps(sc_core::sc_time_stamp()), {}});
  take([&](std::uint64_t, bool) { return writer; });
}

const checker::Writer* DriverChecker::last_writer(std::uint64_t physical) const {
  const auto at = m_last_writers.find(physical & ~std::uint64_t{7});
  return at == m_last_writers.end() ? nullptr : at->second.get();
}

// ---- SMMUs

bool DriverChecker::wants(std::string_view source, std::string_view point) {
  (void)source;  // which of them is added comes later
  return point == access_point || point == command_point || point == sync_point || point == write_point ||
         point == read_point || point == stall_point || point == ats_point;
}

void DriverChecker::record(std::uint64_t time_ps, std::string_view source, std::string_view point,
                           const TraceValue* values, std::size_t) {
  const auto at = m_smmus.find(source);
  if (at == m_smmus.end()) return;
  if (point == access_point) return accessed(at->second, time_ps, values);
  if (point == ats_point) return translated(at->second, time_ps, values);
  if (point == stall_point) {
    at->second.stalled.insert({static_cast<std::uint32_t>(values[0].number), values[1].number});
    return;
  }
  if (point == write_point) return register_written(at->second, time_ps, values[0].text, values[1].number);
  if (point == read_point) {
    m_checker.register_read(at->second.number, values[0].text, values[1].number);
    return;
  }
  if (point == command_point) return commanded(at->second, time_ps, source, values);
  if (point == sync_point) m_checker.synchronised(at->second.number, queue_of(values[1], values[2]));
}

void DriverChecker::register_written(Smmu& smmu, std::uint64_t time_ps, std::string_view name,
                                     std::uint64_t value) {
  if (smmu.is_smmuv2) return m_checker.register_written(smmu.number, name, value, who_runs(time_ps));
  if (name == "SMMU_CR2") smmu.E2H = (value & 1) != 0;
  for (const std::string_view counts :
       {"SMMU_CR0", "SMMU_CR2", "SMMU_CMDQ_PROD", "SMMU_EVENTQ_CONS", "SMMU_GBPA"}) {
    if (name == counts) return m_checker.register_written(smmu.number, name, value, who_runs(time_ps));
  }
}

void DriverChecker::accessed(Smmu& smmu, std::uint64_t time_ps, const TraceValue* values) {
  if (!smmu.stalled.empty()) {
    const auto waited = smmu.stalled.find({static_cast<std::uint32_t>(values[0].number), values[3].number});
    if (waited != smmu.stalled.end()) smmu.stalled.erase(waited);
  }
  AccessQuestion q;
  q.stream_id = static_cast<std::uint32_t>(values[0].number);
  if (values[1].number != 0) q.substream_id = static_cast<std::uint32_t>(values[2].number);
  q.address = values[3].number;
  q.kind = kind_of(values[4].text);
  q.privileged = values[5].number != 0;
  q.secure = values[6].number != 0;
  q.tbu = static_cast<unsigned>(values[7].number);
  q.in_words = false;
  if (q.secure || !m_checker.access(smmu.number, q.stream_id, q.substream_id, q.address, time_ps)) return;
  ++m_looks;
  const Explanation e = smmu.explain->explain(q);
  checker::Look look = smmu.is_smmuv2 ? look_of_smmuv2(e, q) : look_of(e, q, smmu.E2H);
  look.time_ps = time_ps;
  m_checker.accessed(smmu.number, look);
}

// A Translation Request, which goes by tables as an access does.
void DriverChecker::translated(Smmu& smmu, std::uint64_t time_ps, const TraceValue* values) {
  AccessQuestion q;
  q.stream_id = static_cast<std::uint32_t>(values[0].number);
  q.address = values[1].number;
  q.ats = AccessQuestion::Ats::translation_request;
  q.in_words = false;
  if (values[2].text != "success" || smmu.is_smmuv2) return;
  checker::Look look = look_of(smmu.explain->explain(q), q, smmu.E2H);
  look.time_ps = time_ps;
  ++m_looks;
  m_checker.accessed(smmu.number, look);
  m_checker.granted(smmu.number, q.stream_id, q.address, static_cast<unsigned>(values[4].number));
}

// Software is done with a structure: what an access would find of it.
void DriverChecker::look_at_structures(const Smmu& smmu, std::uint64_t time_ps, std::string_view source,
                                       const smmuv3::Command& command, unsigned queue) {
  const auto opcode = static_cast<smmuv3::Opcode>(command.opcode);
  const bool of_cd = opcode == smmuv3::Opcode::CMD_CFGI_CD;
  if (!of_cd && opcode != smmuv3::Opcode::CMD_CFGI_STE) return;
  AccessQuestion q;
  q.stream_id = command.StreamID;
  if (of_cd && command.SubstreamID != 0) q.substream_id = command.SubstreamID;
  q.in_words = false;
  for (const Explanation::Structure& s : smmu.explain->explain(q).structures) {
    // What an STE says decides whether its CD is legal, too.
    if ((s.name != "CD" && (of_cd || s.name != "STE")) || s.legal || s.why.empty() || !s.address) continue;
    std::vector<std::uint64_t>& told = m_illegal[*s.address];
    if (told == s.memory) continue;
    told = s.memory;
    checker::Finding f;
    f.rule = checker::RuleId::structure_illegal;
    f.smmu = source;
    f.text = s.name + " at " + number_text(*s.address, Notation::Hexadecimal) + ": " + s.why;
    f.clause = s.name == "CD" ? "IHI 0070 5.4.2" : "IHI 0070 5.2.2";
    f.time_ps = time_ps;
    f.stream_id = q.stream_id;
    f.substream_id = q.substream_id;
    f.address = s.address;
    if (const checker::Writer* writer = last_writer(*s.address)) f.writer = *writer;
    if (const auto issuer = m_checker.issuer(smmu.number, queue)) f.issuer = *issuer;
    m_told(f);
  }
}

void DriverChecker::commanded(const Smmu& smmu, std::uint64_t time_ps, std::string_view source,
                              const TraceValue* values) {
  if (values[5].number != 0) return;  // of the Secure queue: about Secure streams
  const auto command = smmuv3::Command::decode({values[1].number, values[2].number});
  m_checker.executed(smmu.number, command, queue_of(values[4], values[5]),
                     static_cast<std::uint32_t>(values[3].number));
  look_at_structures(smmu, time_ps, source, command, queue_of(values[4], values[5]));
}

void DriverChecker::finish() {
  memory_written(0, 0);  // what nobody has told of
  for (const std::string& name : m_names) {
    const Smmu& smmu = m_smmus.find(name)->second;
    std::map<std::string, std::uint64_t> values;
    for (const auto& [register_name, value] : smmu.dump->register_values()) values[register_name] = value;
    if (smmu.is_smmuv2) {
      m_checker.ended(smmu.number, values, to_ps(sc_core::sc_time_stamp()));
      continue;
    }
    const auto word = [&values](const char* register_name) {
      return static_cast<std::uint32_t>(values[register_name]);
    };
    checker::Checker::Registers r;
    r.CR0 = word("SMMU_CR0");
    r.GERROR = word("SMMU_GERROR");
    r.GERRORN = word("SMMU_GERRORN");
    r.CMDQ_PROD = word("SMMU_CMDQ_PROD");
    r.CMDQ_CONS = word("SMMU_CMDQ_CONS");
    r.EVENTQ_PROD = word("SMMU_EVENTQ_PROD");
    r.EVENTQ_CONS = word("SMMU_EVENTQ_CONS");
    r.stalled = smmu.stalled.size();
    if (r.stalled != 0) std::tie(r.stalled_stream_id, r.stalled_address) = *smmu.stalled.begin();
    m_checker.ended(smmu.number, r, to_ps(sc_core::sc_time_stamp()));
  }
  m_watch.unwatch_all();
  for (const Processor& p : m_processors) {
    if (p.stores != nullptr) p.stores->set_store_listener(nullptr);
  }
  m_processors.clear();
  m_memories.clear();
}

}  // namespace smmuvp
