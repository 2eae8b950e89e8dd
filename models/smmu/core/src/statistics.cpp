#include "smmuvp/smmu/statistics.h"

namespace smmuvp::smmu {

namespace {

template <class Of>
struct Counter {
  const char* name;
  std::uint64_t Of::*value;
  const char* unit;
  const char* doc;
};

using A = AccessStatistics;
constexpr Counter<A> access_counters[] = {
    {"accesses", &A::accesses, "1", "transactions, or parts of them, that were let through or terminated"},
    {"translations", &A::translations, "1", "accesses that were translated"},
    {"bypasses", &A::bypasses, "1", "accesses that passed untranslated"},
    {"aborts", &A::aborts, "1", "accesses terminated with an abort"},
    {"razwi", &A::razwi, "1", "accesses terminated as RAZ/WI"},
    {"faults", &A::faults, "1", "translation faults and configuration errors"},
    {"micro_tlb_hits", &A::micro_tlb_hits, "1", "accesses that a TBU had a finished answer for"},
    {"micro_tlb_misses", &A::micro_tlb_misses, "1", "accesses that went to the TCU"},
    {"tlb_hits", &A::tlb_hits, "1", "lookups that hit the TLB"},
    {"tlb_misses", &A::tlb_misses, "1", "lookups that missed the TLB"},
    {"tlb_rewalks", &A::tlb_rewalks, "1",
     "hits that could not serve the access, by their rights or for a flag update, and were walked again"},
    {"translation_time", &A::translation_time, "ps", "time that accesses spent in the SMMU, summed"},
};

using T = TcuStatistics;
constexpr Counter<T> tcu_counters[] = {
    {"micro_tlb_invalidated", &T::micro_tlb_invalidated, "1",
     "micro TLB entries taken away by TLB invalidations"},
    {"tlb_fills", &T::tlb_fills, "1", "translations put into the TLB"},
    {"tlb_fills_dropped", &T::tlb_fills_dropped, "1",
     "translations not cached, because an invalidation overtook the walk"},
    {"tlb_invalidated", &T::tlb_invalidated, "1", "TLB entries taken away by invalidations"},
    {"walks", &T::walks, "1", "translation table walks"},
    {"walks_merged", &T::walks_merged, "1",
     "hits that waited for the walk of another access, which was under way, and needed none of their own"},
    {"walk_cache_hits", &T::walk_cache_hits, "1", "lookups that began at a table of the walk cache"},
    {"walk_cache_misses", &T::walk_cache_misses, "1", "lookups that began at their first table"},
    {"walk_cache_invalidated", &T::walk_cache_invalidated, "1",
     "walk cache entries taken away by invalidations"},
    {"ipa_hits", &T::ipa_hits, "1", "stage 2 translations that the IPA cache had"},
    {"ipa_misses", &T::ipa_misses, "1", "stage 2 translations that had to be walked"},
    {"ipa_invalidated", &T::ipa_invalidated, "1", "IPA cache entries taken away by invalidations"},
    {"walk_reads", &T::walk_reads, "1", "translation table descriptors read"},
    {"dmi_grants", &T::dmi_grants, "1", "direct memory pointers given to clients"},
    {"dmi_withdrawals", &T::dmi_withdrawals, "1", "direct memory pointers withdrawn"},
    {"dmi_excess", &T::dmi_excess, "1",
     "of these, pointers that went as a whole where downstream invalidated a part of their range"},
};

}  // namespace

AccessStatistics& AccessStatistics::operator+=(const AccessStatistics& other) {
  for (const Counter<A>& c : access_counters) this->*c.value += other.*c.value;
  return *this;
}

void AccessStatistics::report(StatVisitor& visitor) const {
  for (const Counter<A>& c : access_counters) visitor.stat(c.name, this->*c.value, c.unit, c.doc);
}

void AccessStatistics::visit(Archive& archive) {
  archive.begin("access_statistics");
  for (const Counter<A>& c : access_counters) archive.value(c.name, this->*c.value);
  archive.end();
}

void TcuStatistics::report(StatVisitor& visitor) const {
  for (const Counter<T>& c : tcu_counters) visitor.stat(c.name, this->*c.value, c.unit, c.doc);
}

void TcuStatistics::visit(Archive& archive) {
  archive.begin("tcu_statistics");
  for (const Counter<T>& c : tcu_counters) archive.value(c.name, this->*c.value);
  archive.end();
}

}  // namespace smmuvp::smmu
