#include "smmuvp/smmuv2/statistics.h"

namespace smmuvp::smmuv2 {

void Statistics::report(StatVisitor& visitor) const {
  visitor.stat("context_faults", context_faults, "1", "faults recorded in a context bank");
  visitor.stat("global_faults", global_faults, "1", "faults recorded in the global registers");
  visitor.stat("faults_unrecorded", faults_unrecorded, "1",
               "faults that only MULTI tells of, or nothing: one was recorded before");
  visitor.stat("stalls", stalls, "1", "times that an access waited for RESUME");
  visitor.stat("stalls_retried", stalls_retried, "1", "accesses that went on after it");
  visitor.stat("tlbi", tlbi, "1", "TLB maintenance operations");
  visitor.stat("syncs", syncs, "1", "TLB synchronisations");
  visitor.stat("address_translations", address_translations, "1", "address translation operations");
}

void Statistics::visit(Archive& archive) {
  archive.value("context_faults", context_faults);
  archive.value("global_faults", global_faults);
  archive.value("faults_unrecorded", faults_unrecorded);
  archive.value("stalls", stalls);
  archive.value("stalls_retried", stalls_retried);
  archive.value("tlbi", tlbi);
  archive.value("syncs", syncs);
  archive.value("address_translations", address_translations);
}

}  // namespace smmuvp::smmuv2
