#include "smmuvp/smmu/statistics.h"

#include "smmuvp/smmu/memory_op.h"

namespace smmuvp::smmu {

namespace {

struct Counter {
  const char* name;
  std::uint64_t Statistics::*value;
  const char* unit;
  const char* doc;
};

constexpr Counter counters[] = {
    {"accesses", &Statistics::accesses, "1", "transactions, or parts of them, that came in"},
    {"translations", &Statistics::translations, "1", "accesses that were translated"},
    {"bypasses", &Statistics::bypasses, "1", "accesses that passed untranslated"},
    {"aborts", &Statistics::aborts, "1", "accesses terminated with an abort"},
    {"razwi", &Statistics::razwi, "1", "accesses terminated as RAZ/WI"},
    {"tlb_hits", &Statistics::tlb_hits, "1", "lookups that hit the TLB"},
    {"tlb_misses", &Statistics::tlb_misses, "1", "lookups that missed the TLB"},
    {"tlb_fills", &Statistics::tlb_fills, "1", "translations put into the TLB"},
    {"tlb_fills_dropped", &Statistics::tlb_fills_dropped, "1",
     "translations not cached, because an invalidation overtook the walk"},
    {"tlb_invalidated", &Statistics::tlb_invalidated, "1", "TLB entries taken away by invalidations"},
    {"config_hits", &Statistics::config_hits, "1", "configuration cache hits"},
    {"config_misses", &Statistics::config_misses, "1", "configuration structures fetched"},
    {"walks", &Statistics::walks, "1", "translation table walks"},
    {"walk_reads", &Statistics::walk_reads, "1", "translation table descriptors read"},
    {"faults", &Statistics::faults, "1", "translation faults and configuration errors"},
    {"events", &Statistics::events, "1", "event records written"},
    {"events_lost", &Statistics::events_lost, "1", "event records discarded: queue disabled, full or failed"},
    {"commands", &Statistics::commands, "1", "commands consumed"},
    {"syncs", &Statistics::syncs, "1", "synchronisation commands completed"},
    {"translation_time", &Statistics::translation_time, "ps", "time that accesses spent in the SMMU, summed"},
};

}  // namespace

void Statistics::report(StatVisitor& visitor) const {
  for (const Counter& c : counters) visitor.stat(c.name, this->*c.value, c.unit, c.doc);
}

void Statistics::visit(Archive& archive) {
  archive.begin("statistics");
  for (const Counter& c : counters) archive.value(c.name, this->*c.value);
  archive.end();
}

const char* to_string(MemoryPurpose purpose) {
  switch (purpose) {
    case MemoryPurpose::stream_table_level1:
      return "L1STD";
    case MemoryPurpose::stream_table_entry:
      return "STE";
    case MemoryPurpose::context_descriptor:
      return "CD";
    case MemoryPurpose::translation_table:
      return "TTD";
    case MemoryPurpose::command:
      return "command";
    case MemoryPurpose::event:
      break;
  }
  return "event";
}

}  // namespace smmuvp::smmu
