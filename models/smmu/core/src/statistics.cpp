#include "smmuvp/smmu/statistics.h"

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
    {"micro_tlb_hits", &Statistics::micro_tlb_hits, "1", "accesses that a TBU had a finished answer for"},
    {"micro_tlb_misses", &Statistics::micro_tlb_misses, "1", "accesses that went to the TCU"},
    {"micro_tlb_invalidated", &Statistics::micro_tlb_invalidated, "1",
     "micro TLB entries taken away by TLB invalidations"},
    {"tlb_hits", &Statistics::tlb_hits, "1", "lookups that hit the TLB"},
    {"tlb_misses", &Statistics::tlb_misses, "1", "lookups that missed the TLB"},
    {"tlb_rewalks", &Statistics::tlb_rewalks, "1",
     "hits that could not serve the access, by their rights or for a flag update, and were walked again"},
    {"tlb_fills", &Statistics::tlb_fills, "1", "translations put into the TLB"},
    {"tlb_fills_dropped", &Statistics::tlb_fills_dropped, "1",
     "translations not cached, because an invalidation overtook the walk"},
    {"tlb_invalidated", &Statistics::tlb_invalidated, "1", "TLB entries taken away by invalidations"},
    {"walks", &Statistics::walks, "1", "translation table walks"},
    {"walk_cache_hits", &Statistics::walk_cache_hits, "1", "lookups that began at a table of the walk cache"},
    {"walk_cache_misses", &Statistics::walk_cache_misses, "1", "lookups that began at their first table"},
    {"walk_cache_invalidated", &Statistics::walk_cache_invalidated, "1",
     "walk cache entries taken away by invalidations"},
    {"ipa_hits", &Statistics::ipa_hits, "1", "stage 2 translations that the IPA cache had"},
    {"ipa_misses", &Statistics::ipa_misses, "1", "stage 2 translations that had to be walked"},
    {"ipa_invalidated", &Statistics::ipa_invalidated, "1", "IPA cache entries taken away by invalidations"},
    {"walk_reads", &Statistics::walk_reads, "1", "translation table descriptors read"},
    {"faults", &Statistics::faults, "1", "translation faults and configuration errors"},
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

}  // namespace smmuvp::smmu
