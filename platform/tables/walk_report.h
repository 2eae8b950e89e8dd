// A walk as text and as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "smmuvp/pgtable/explain.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::tables {

/// One memory operation of a walk, and its answer.
struct WalkStep {
  pgtable::MemoryOp op;
  pgtable::MemoryResponse response;
  std::uint64_t input = 0;                          ///< stage 2: the IPA being translated
  std::optional<pgtable::Explanation> explanation;  ///< of what a read found

  bool is_read() const { return op.kind == pgtable::MemoryOpKind::read; }
  bool is_update() const {
    return !is_read() && response.status == pgtable::MemoryStatus::ok && response.data == op.expected;
  }
};

struct WalkRecord {
  pgtable::Config config;
  pgtable::WalkRequest request;
  pgtable::Result result;
  std::vector<WalkStep> steps;
};

std::string walk_text(const WalkRecord& record, bool colour);
nlohmann::ordered_json walk_json(const WalkRecord& record);
/// All fields of a Config, as config_fields() names them.
nlohmann::ordered_json config_json(const pgtable::Config& config);

}  // namespace smmuvp::tables
