// What walks find on their way: pointers to tables, and stage 2 translations of single IPAs.
#pragma once

#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/walk_question.h"
#include "smmuvp/smmu/tagged_cache.h"

namespace smmuvp::smmu {

struct CachedTable {
  pgtable::TablePointer table;
  void visit(Archive& archive);
};
/// Tables of stage 1, by VA, and of stage 2, by IPA.
using TableCache = WalkCache<CachedTable>;

struct CachedStage2 {
  pgtable::Stage2Translation translation;
  void visit(Archive& archive);
};
/// Stage 2 translations, by IPA, of table addresses and of outputs.
using IpaCache = TaggedCache<CachedStage2>;

}  // namespace smmuvp::smmu
