#include "smmuvp/smmu/walk_caches.h"

namespace smmuvp::smmu {

// Whoever uses an entry checks it against the walk at hand (pgtable::Walk::start_at, use).

void CachedTable::visit(Archive& archive) {
  archive.value("stage", table.stage);
  archive.value("level", table.level);
  archive.value("region_shift", table.region_shift);
  archive.value("permissions", table.permissions);
  archive.value("space", table.space);
  archive.value("v7s_descriptor", table.v7s_descriptor);
  archive.value("address", table.address);
}

void CachedStage2::visit(Archive& archive) {
  archive.value("level", translation.level);
  archive.value("block_shift", translation.block_shift);
  archive.value("range_shift", translation.range_shift);
  archive.value("rights", translation.rights.bits);
  archive.value("MemAttr", translation.attributes.MemAttr);
  archive.value("SH", translation.attributes.SH);
  archive.value("output", translation.output);
  archive.value("descriptor", translation.descriptor);
}

}  // namespace smmuvp::smmu
