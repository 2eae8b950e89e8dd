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

template <class T, std::size_t N>
T pick(Input& in, const T (&values)[N]) {
  return values[in.byte() % N];
}

constexpr Granule granules[] = {Granule::size_4k, Granule::size_16k, Granule::size_64k};
constexpr std::uint8_t sizes[] = {32, 36, 40, 42, 44, 48, 52, 52};

void take_stage1(Input& in, bool wild, Stage1Config& s1) {
  s1.format = static_cast<Format>(wild ? in.byte() : in.byte() & 3);
  const bool vmsa64 = s1.format == Format::vmsa64;
  s1.MAIR = in.take<std::uint64_t>();
  s1.output_size = wild ? in.byte() : (vmsa64 ? pick(in, sizes) : std::uint8_t{40});
  s1.LPA = in.flag();
  s1.DS = (vmsa64 || wild) && in.flag();
  s1.WXN = in.flag();
  s1.UWXN = in.flag();
  s1.PAN = in.flag();
  s1.big_endian = in.flag();
  s1.AFFD = in.flag();
  s1.HA = (vmsa64 || wild) && in.flag();
  s1.HD = (s1.HA || wild) && in.flag();
  s1.v7s.N = wild ? in.byte() : in.byte() & 7;
  s1.v7s.DACR = in.take<std::uint32_t>();
  s1.v7s.AFE = in.flag();
  s1.v7s.TRE = in.flag();
  s1.v7s.PRRR = in.take<std::uint32_t>();
  s1.v7s.NMRR = in.take<std::uint32_t>();
  for (TableConfig& t : s1.tables) {
    t.base = in.take<std::uint64_t>();
    const std::uint8_t TxSZ = in.byte();
    t.TxSZ = wild ? TxSZ
                  : static_cast<std::uint8_t>(
                        vmsa64 ? 12 + TxSZ % 37 : (s1.format == Format::lpae32 ? TxSZ & 7 : 16 + TxSZ % 24));
    t.granule = wild ? static_cast<Granule>(in.byte()) : (vmsa64 ? pick(in, granules) : Granule::size_4k);
    t.EPD = in.flag();
    t.TBI = (vmsa64 || wild) && in.flag();
    t.HPD = in.flag();
    t.E0PD = (vmsa64 || wild) && in.flag();
    t.NS = in.flag();
  }
}

void take_stage2(Input& in, bool wild, Stage2Config& s2) {
  const bool lpae32 = in.flag();
  s2.format = wild ? static_cast<Format>(in.byte()) : (lpae32 ? Format::lpae32 : Format::vmsa64);
  s2.base = in.take<std::uint64_t>();
  s2.DS = (!lpae32 || wild) && in.flag();
  s2.LPA = in.flag();
  s2.granule = wild ? static_cast<Granule>(in.byte()) : (lpae32 ? Granule::size_4k : pick(in, granules));
  const std::uint8_t T0SZ = in.byte();
  s2.T0SZ = static_cast<std::int8_t>(wild ? T0SZ : (lpae32 ? T0SZ % 16 - 8 : 12 + T0SZ % 37));
  s2.start_level =
      static_cast<std::int8_t>(wild ? in.byte() : (lpae32 ? 1 + in.byte() % 2 : in.byte() % 5 - 1));
  s2.output_size = wild ? in.byte() : (lpae32 ? std::uint8_t{40} : pick(in, sizes));
  s2.big_endian = in.flag();
  s2.AFFD = in.flag();
  s2.HA = (!lpae32 || wild) && in.flag();
  s2.HD = (s2.HA || wild) && in.flag();
  s2.PTW = in.flag();
  s2.FWB = in.flag();
  s2.XNX = in.flag();
}

Config take_config(Input& in) {
  Config config;
  // Any value in a tenth of the inputs; what can be walked otherwise, or nearly nothing would be.
  const bool wild = in.byte() < 26;
  config.stages = static_cast<Stages>(wild ? in.byte() : in.byte() % 3);
  config.regime = static_cast<Regime>(wild ? in.byte() : in.byte() & 3);
  const bool secure = config.stages == Stages::stage1 && in.flag();
  config.space = wild ? static_cast<AddressSpace>(in.byte())
                      : (secure ? AddressSpace::secure : AddressSpace::non_secure);
  take_stage1(in, wild, config.stage1);
  take_stage2(in, wild, config.stage2);
  return config;
}

// How many bits an address that `stage` makes can have.
unsigned output_bits(const Config& config, Stage stage) {
  return stage == Stage::stage1 ? config.stage1.output_size : config.stage2.output_size;
}

void check_op(const Config& config, const MemoryOp& op) {
  const bool v7s = op.stage == Stage::stage1 && config.stage1.format == Format::v7s;
  require(op.size == (v7s ? 4 : 8) && (op.address & (op.size - 1U)) == 0,
          "aligned accesses of a descriptor's size");
  const Stage last = config.stages == Stages::stage1 ? Stage::stage1 : Stage::stage2;
  require((op.address >> output_bits(config, last)) == 0, "table accesses within the output size");
  require(op.level >= -1 && op.level <= 3, "level of a table access");
  require(config.space == AddressSpace::secure || op.space == AddressSpace::non_secure,
          "no Secure table access");
  require(op.stage == Stage::stage1 ? config.stages != Stages::stage2 : config.stages != Stages::stage1,
          "accesses of stages that are there");
  if (op.kind == MemoryOpKind::read) return;
  require(op.kind == MemoryOpKind::compare_and_swap, "updates are atomic");
  require(op.stage == Stage::stage1 ? config.stage1.HA : config.stage2.HA,
          "updates where they are enabled only");
  const std::uint64_t changed = op.expected ^ op.desired;
  require(changed != 0 && (changed & ~((1ULL << 10) | (1ULL << 7))) == 0,
          "updates of AF and dirty state only");
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
    require(r.fault.level >= -1 && r.fault.level <= 3, "fault level");
    require(r.fault.va == request.va, "fault address");
    require(
        r.fault.stage == Stage::stage1 ? config.stages != Stages::stage2 : config.stages != Stages::stage1,
        "fault of a stage that is there");
    return;
  }
  require(r.block_shift >= 12 && r.block_shift <= 42, "block size");
  require(r.range_shift >= r.block_shift && r.range_shift <= 48, "contiguous range");
  const Stage last = config.stages == Stages::stage1 ? Stage::stage1 : Stage::stage2;
  require((r.output >> output_bits(config, last)) == 0, "output address within the output size");
  require(((r.output ^ request.va) & ((std::uint64_t{1} << r.block_shift) - 1)) == 0,
          "offset within the block");
  require(((r.output ^ request.va) & ((std::uint64_t{1} << r.range_shift) - 1)) == 0,
          "offset within the contiguous range");
  require(r.range_shift <= output_bits(config, last), "contiguous range within the output size");
  const PermissionCheck check = check_permission(r.rights, request);
  require(
      check == PermissionCheck::allowed || (check == PermissionCheck::needs_update && !request.side_effects),
      "rights agree with the outcome");
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
  request.side_effects = in.byte() >= 64;

  Walk w(config, request);
  unsigned reads = 0;
  unsigned operations = 0;
  while (w.step() == Step::need) {
    const MemoryOp op = w.op();
    require(++operations <= Walk::max_operations, "a walk ends");
    require(request.side_effects || op.kind == MemoryOpKind::read, "no update without side effects");
    check_op(config, op);
    if (op.kind == MemoryOpKind::read) ++reads;
    MemoryResponse response;
    const std::uint8_t how = in.byte();
    if (how == 0xff) response.status = MemoryStatus::external_abort;
    if (how == 0xfe) response.status = MemoryStatus::unsupported_atomic;
    response.data = in.take<std::uint64_t>();
    if (op.kind == MemoryOpKind::compare_and_swap && how < 0xc0) {
      response.data = op.expected;
      w.complete(response);
      continue;
    }
    // Mostly tables and valid leaves with AF, so that deep levels are reached.
    if (how < 0x80) response.data |= 1;
    if (how < 0x40) response.data |= (1U << 10) | 2;
    w.complete(response);
  }
  require(w.step() == Step::done, "done stays done");
  check_result(config, request, w.result(), reads);
  return 0;
}
