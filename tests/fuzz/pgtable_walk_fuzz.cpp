// Any registers, any memory: a walk ends, stays within its bounds and asks only for what the architecture
// allows.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "smmuvp/pgtable/walk.h"

namespace {

using namespace smmuvp::pgtable;

// Takes values off the front of the input; zeros after its end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : m_data(data), m_left(size) {}
  template <class T>
  T take() {
    T value{};
    const std::size_t n = m_left < sizeof value ? m_left : sizeof value;
    if (n != 0) std::memcpy(&value, m_data, n);
    m_data += n;
    m_left -= n;
    return value;
  }
  std::uint8_t byte() { return take<std::uint8_t>(); }
  bool flag() { return (byte() & 1) != 0; }

 private:
  const std::uint8_t* m_data;
  std::size_t m_left;
};

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "pgtable_walk_fuzz: violated: %s\n", what);
  std::abort();
}

Config take_config(Input& in) {
  Config config;
  // Any value in a tenth of the inputs; what can be walked otherwise, or nearly nothing would be.
  const bool wild = in.byte() < 26;
  config.space = wild ? static_cast<AddressSpace>(in.byte()) : static_cast<AddressSpace>(in.byte() & 1);
  Stage1Config& s1 = config.stage1;
  s1.MAIR = in.take<std::uint64_t>();
  static constexpr std::uint8_t sizes[] = {32, 36, 40, 42, 44, 48, 48, 48};
  s1.output_size = wild ? in.byte() : sizes[in.byte() & 7];
  s1.WXN = in.flag();
  s1.PAN = in.flag();
  s1.big_endian = in.flag();
  s1.AFFD = in.flag();
  if (wild) {
    config.stages = static_cast<Stages>(in.byte());
    config.regime = static_cast<Regime>(in.byte());
    s1.format = static_cast<Format>(in.byte());
    s1.HA = in.flag();
    s1.HD = in.flag();
  }
  for (TableConfig& t : s1.tables) {
    t.base = in.take<std::uint64_t>();
    t.TxSZ = wild ? in.byte() : static_cast<std::uint8_t>(16 + in.byte() % 24);
    if (wild) t.granule = static_cast<Granule>(in.byte());
    t.EPD = in.flag();
    t.TBI = in.flag();
    t.HPD = in.flag();
    t.NS = in.flag();
  }
  return config;
}

void check_result(const Config& config, const WalkRequest& request, const Result& r, unsigned reads) {
  require(r.descriptors.size() == reads, "every read is in the trace");
  require(r.va == request.va, "the address is reported untouched");
  if (!is_walkable(config)) {
    require(r.fault.kind == FaultKind::configuration && reads == 0,
            "a refused configuration touches no memory");
    return;
  }
  require(r.fault.kind != FaultKind::configuration, "a walkable configuration is walked");
  if (!r.ok()) {
    require(r.fault.level >= 0 && r.fault.level <= 3, "fault level");
    require(r.fault.va == request.va, "fault address");
    return;
  }
  require(r.block_shift == 12 || r.block_shift == 21 || r.block_shift == 30, "block size");
  require(r.range_shift == r.block_shift || r.range_shift == r.block_shift + 4, "contiguous range");
  require((r.output >> config.stage1.output_size) == 0, "output address within the output size");
  require(((r.output ^ request.va) & ((std::uint64_t{1} << r.block_shift) - 1)) == 0,
          "offset within the block");
  require(r.range_shift == r.block_shift ||
              ((r.output ^ request.va) & ((std::uint64_t{1} << r.range_shift) - 1)) == 0,
          "offset within the contiguous range");
  require(r.range_shift <= config.stage1.output_size, "contiguous range within the output size");
  require(check_permission(r.rights, request) == PermissionCheck::allowed, "rights agree with the outcome");
  require(config.space == AddressSpace::secure || r.space == AddressSpace::non_secure,
          "no way into Secure space");
}

}  // namespace

// libFuzzer sets the name.  NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const Config config = take_config(in);
  WalkRequest request;
  request.va = in.take<std::uint64_t>();
  request.access = static_cast<AccessType>(in.byte() % 5);
  request.privileged = in.flag();

  Walk w(config, request);
  unsigned reads = 0;
  while (w.step() == Step::need) {
    const MemoryOp& op = w.op();
    ++reads;
    require(reads <= 4, "at most one read a level");
    require(op.kind == MemoryOpKind::read && op.size == 8 && (op.address & 7) == 0,
            "aligned 8-byte reads only");
    require((op.address >> config.stage1.output_size) == 0, "table accesses within the output size");
    require(op.level >= 0 && op.level <= 3, "level of a table access");
    require(config.space == AddressSpace::secure || op.space == AddressSpace::non_secure,
            "no Secure table access");
    MemoryResponse response;
    const std::uint8_t how = in.byte();
    if (how == 0xff) response.status = MemoryStatus::external_abort;
    response.data = in.take<std::uint64_t>();
    // Mostly tables and valid leaves with AF, so that deep levels are reached.
    if (how < 0x80) response.data |= 1;
    if (how < 0x40) response.data |= (1U << 10) | 2;
    w.complete(response);
  }
  require(w.step() == Step::done, "done stays done");
  check_result(config, request, w.result(), reads);
  return 0;
}
