// What the command line of "walk --sid" asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dump_memory.h"
#include "memory_image.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/explain.h"

namespace smmuvp::tables {

struct StreamRequest {
  std::uint32_t stream_id = 0;
  std::optional<std::uint32_t> substream_id;
  std::vector<std::string> dumps;
  std::string smmu;
  std::vector<std::pair<std::string, std::uint64_t>> registers;
  std::vector<std::pair<std::string, std::string>> parameters;
  smmu::AccessKind kind = smmu::AccessKind::read;
  bool instruction = false;
  bool privileged = false;
  bool json = false;
  std::vector<std::string> addresses;
};

/// @param arguments  what follows "walk" on the command line. @throws ConfigError
StreamRequest stream_request_of(const std::vector<std::string>& arguments);

/// What "walk --help" says of it.
std::string stream_walk_help();

/// Adds what the dumps hold. @return the SMMUs that images tell of
std::vector<SavedSmmu> take_dumps(const std::vector<std::string>& dumps, DumpMemory& memory);

/// An access as the request has it.
smmu::AccessRequest access_of(const StreamRequest& request, std::uint64_t address);

/// What an SMMU reads of a dump, which outlives the result: an external abort where it holds nothing.
smmu::DebugMemory debug_memory(const DumpMemory& memory);

}  // namespace smmuvp::tables
